"""Store and retrieve on file systems that share extents, mounted for that: what they take of the disk, and that nothing is
trusted for it. Files that change at a given moment: tests/sweep/test_sharing.c."""

import fcntl
import os
import resource
import struct
import subprocess

import pytest
from mounts import SharingDisk, opened

from product import MIB, Product, assert_same_tree, build_folder, trees

MODEL_MIB = 24
FREE_MIB = 12
FS_IOC_FIEMAP = 0xC020660B
FIEMAP_EXTENT_LAST = 0x1
FIEMAP_EXTENT_SHARED = 0x2000
SCENARIOS = [
    *(("xfs", name) for name in ("store_file", "store_folder", "store_second_version", "retrieve_folder", "retrieve_force")),
    *(("btrfs", name) for name in ("store_folder", "retrieve_force")),
]

# All cuts with MODEL_STORAGE_LONG, of one operation of each kind; the others are cut where nothing is shared, too.
WHOLE = [("xfs", "store_file"), ("xfs", "retrieve_folder"), ("xfs", "retrieve_force")]


@pytest.fixture(params=["xfs", "btrfs"])
def disk(request):
    yield from opened(lambda work: SharingDisk(work, request.param))


@pytest.fixture
def product(disk):
    return Product(disk.at / "home")


@pytest.fixture
def model(disk):
    folder = disk.at / "model"
    (folder / "small").mkdir(parents=True)
    trees.noise((MODEL_MIB - 4) * MIB + 12345, 1)(folder / "weights.bin")
    trees.noise(4 * MIB, 2)(folder / "part.bin")
    trees.noise(100_000, 3)(folder / "small/tokens.bin")
    (folder / "small/config.json").write_text("{}")
    (folder / "small/empty").write_text("")
    return folder


def extents_are_shared(path):
    """Of each extent of the file."""
    with open(path, "rb") as stream:
        os.fsync(stream.fileno())
        room = 64
        answer = bytearray(struct.pack("=QQLLLL", 0, 0xFFFFFFFFFFFFFFFF, 0, 0, room, 0) + bytes(56 * room))
        fcntl.ioctl(stream.fileno(), FS_IOC_FIEMAP, answer)
    count = struct.unpack_from("=QQLLLL", answer)[3]
    found = [struct.unpack_from("=QQQQQLLLL", answer, 32 + 56 * number) for number in range(count)]
    assert found and found[-1][5] & FIEMAP_EXTENT_LAST
    return [bool(one[5] & FIEMAP_EXTENT_SHARED) for one in found]


def test_neither_store_nor_retrieve_takes_the_space_of_the_model(disk, product, model):
    before = disk.used()
    stored = product.store(model, "model")
    after_store = disk.used()
    out = disk.at / "out"
    product.run("retrieve", "model", out)
    after_retrieve = disk.used()
    assert_same_tree(model, out)
    assert stored["newBytes"] > MODEL_MIB * MIB
    # Small files, ends of files, nodes, and what the file system writes about all of it.
    assert after_store - before < 3 * MIB, after_store - before
    assert after_retrieve - after_store < 3 * MIB, after_retrieve - after_store
    for chunk in product.run("info", "model", "--chunks")["chunks"]:
        block = product.block(chunk["cid"])
        assert block.stat().st_mode & 0o777 == 0o444
        if chunk["size"] >= 65536:
            assert all(extents_are_shared(block)), chunk
    assert product.run("check", "--read-data")["isValid"]


def fill(disk):
    """All but FREE_MIB, which the model is larger than."""
    status = os.statvfs(disk.at)
    with open(disk.at / "filler", "wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, status.f_bavail * status.f_frsize - FREE_MIB * MIB)
    assert os.statvfs(disk.at).f_bavail * status.f_frsize < MODEL_MIB * MIB


@pytest.mark.parametrize("disk", ["xfs"], indirect=True)  # btrfs says late how much is free
def test_chunks_that_are_not_shared_need_their_room(disk, product, model):
    """Told before the disk is filled with what will not fit."""
    product.store(model, "model", "--set", "storage.chunkSize=4096")
    fill(disk)
    assert product.fail(9, "retrieve", "model", disk.at / "out").reason == "no_space"
    assert [entry.name for entry in disk.at.iterdir() if "out" in entry.name] == []


@pytest.mark.parametrize("disk", ["xfs"], indirect=True)  # btrfs says late how much is free
def test_output_takes_less_than_there_is_room_for(disk, product, model):
    product.store(model, "model")
    fill(disk)
    product.run("retrieve", "model", disk.at / "out")
    assert_same_tree(model, disk.at / "out")


def test_rotten_block_is_seen_and_healed(disk, product, model):
    product.store(model, "model")
    chunks = product.run("info", "model", "--chunks")["chunks"]
    chunk = next(one for one in chunks if one["size"] == MIB and one["offset"] > 0)
    product.damage(chunk["cid"], MIB // 2)
    failed = product.fail(4, "retrieve", "model", disk.at / "out")
    assert failed.error["chunkIndex"] == chunk["index"] and not (disk.at / "out").exists()
    # The damage is the block's alone.
    assert product.run("repair", "model", "--from", model)["repairedChunks"] == 1
    product.run("retrieve", "model", disk.at / "out")
    assert_same_tree(model, disk.at / "out")


def test_next_version_replaces_the_output(disk, product, model):
    product.store(model, "model")
    product.run("retrieve", "model", disk.at / "out")
    with open(model / "weights.bin", "r+b") as stream:
        stream.seek(3 * MIB + 17)
        stream.write(b"changed")
    stored = product.store(model, "model")
    assert stored["newChunks"] == 1
    replaced = product.run("retrieve", "model", disk.at / "out", "--force")
    assert_same_tree(model, disk.at / "out")
    assert replaced["fetchedBytes"] == MIB
    # Chunks that the old output gave share with the store all the same; the last one is small.
    assert all(extents_are_shared(disk.at / "out/weights.bin")[:-1])
    product.run("retrieve", "model@1", disk.at / "first")
    assert (disk.at / "first/weights.bin").read_bytes() != (model / "weights.bin").read_bytes()


def test_model_on_another_file_system_is_copied(folder, disk, product):
    trees.noise(3 * MIB + 5, 4)(folder / "weights.bin")
    product.store(folder / "weights.bin", "model")
    product.run("retrieve", "model", folder / "out.bin")
    assert (folder / "out.bin").read_bytes() == (folder / "weights.bin").read_bytes()


@pytest.mark.parametrize("disk, scenario", SCENARIOS, indirect=["disk"])
def test_power_cuts_where_extents_are_shared(request, disk, scenario, figures):
    """The calculated ones, of operations that are recorded here: one that shares nothing fails."""
    environment = {**os.environ, "TMPDIR": str(disk.at), "MODEL_STORAGE_SHARED": "1"}
    if (request.node.callspec.params["disk"], scenario) not in WHOLE:
        environment.pop("MODEL_STORAGE_LONG", None)
    program = build_folder() / "tests/powercut/power_cuts"
    ended = subprocess.run([program, scenario], env=environment, stdout=subprocess.PIPE, universal_newlines=True)
    assert ended.returncode == 0 and "not ok" not in ended.stdout, ended.stdout
    figures(f"{scenario}, shared: {ended.stdout.splitlines()[-2][2:]}")


def test_sharing_leaves_descriptors_for_everything_else(disk, product):
    """Frozen files are open files: with as few descriptors as a store without them needs it works too."""
    (disk.at / "many").mkdir()
    for number in range(600):
        trees.noise(70_000, number)(disk.at / "many" / f"f{number}")
    few = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    for jobs in (1, 2, 4):
        ended = product.call("--json", "--jobs", jobs, "store", disk.at / "many", f"m{jobs}", preexec_fn=few)
        assert ended.returncode == 0, ended
