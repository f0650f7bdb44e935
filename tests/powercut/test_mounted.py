"""Power cuts and failing syncs on file systems of the kernel, with the program as it is shipped."""

import hashlib
import os
import random
import shutil
import threading
import time

import pytest
from mounts import CopyableDisk, CopyableSharingDisk, LyingDisk, opened

from product import LONG, Product, trees

CUTS = 500 if LONG else 20
# Then with a new one: a ledger that grows and grows is another test.
CUTS_OF_A_DISK = 20
# Of models that are kept at a time, so that the disk stays small.
KEPT = 24
SIZE_MAX = 700_000


@pytest.fixture(params=[CopyableDisk, CopyableSharingDisk])
def disk(request):
    yield from opened(request.param)


@pytest.fixture
def lying_disk():
    yield from opened(LyingDisk)


def push_journal(folder, stop):
    """Unrelated syncs: they carry names to the disk whose bytes nobody has synced."""
    path = folder / "unrelated"
    while not stop.is_set():
        with open(path, "ab") as stream:
            stream.write(b"x")
            os.fsync(stream.fileno())
        time.sleep(0.003)


def digest_of(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


class Writer(threading.Thread):
    """Stores, removes, prunes and retrieves without end. What was acknowledged is in `acked` the moment after."""

    def __init__(self, product, sources, output, chance):
        super().__init__()
        self.product = product
        self.sources = sources
        self.output = output
        self.chance = chance
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.acked = set()  # name@version: what must be there
        self.doubtful = set()  # being removed
        self.contents = []  # digests of all that was ever stored
        self.operations = 0
        self.failure = None

    def run(self):
        try:
            number = 0
            while not self.stop.is_set():
                number += 1
                self.store(number)
                if number % 3 == 0:
                    self.retrieve()
                if len(self.acked) > KEPT:
                    self.shrink()
        except BaseException as failure:  # told by the thread that waits
            self.failure = failure

    def store(self, number):
        source = self.sources / f"source-{number % 5}"
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir()
        for name in ("a.bin", "b.bin"):
            (source / name).write_bytes(self.chance.randbytes(self.chance.randrange(SIZE_MAX)))
        with self.lock:
            self.contents.append(digest_of(source))
        name = f"model-{self.chance.randrange(6)}"
        stored = self.product.run("store", source, name)
        with self.lock:
            self.acked.add(f"{name}@{stored['version']}")
            self.operations += 1

    def retrieve(self):
        with self.lock:
            name = self.chance.choice(sorted(self.acked))
        self.product.run("retrieve", name, self.output, "--force")
        with self.lock:
            self.operations += 1

    def shrink(self):
        with self.lock:
            going = self.chance.sample(sorted(self.acked), KEPT // 2)
            self.doubtful.update(going)
            self.acked.difference_update(going)
        for name in going:
            self.product.run("remove", name)
        self.product.run("prune", "--yes")
        with self.lock:
            self.operations += len(going) + 1


def prove(cut, acked, contents, chance):
    """What the next process finds after the power came back."""
    product = Product(cut / "home")
    # Whoever only looks does not roll back what was cut off, and says so.
    looked = product.attempt("check")
    assert looked.code == 0 or looked.reason == "ledger_unfinished", looked
    listed = set(product.listed("--all", "--versions"))
    assert product.run("check", "--read-data")["isValid"]
    assert acked <= listed, acked - listed
    for name in chance.sample(sorted(acked), min(3, len(acked))):
        assert product.run("verify", name)["isValid"]
    output = cut / "out"
    if output.exists():
        assert digest_of(output) in contents, "the output is of no version, or of several"
    product.run("store", output if output.exists() else __file__, "after/cut")
    assert product.run("check", "--read-data")["isValid"]


def cut_again_and_again(disk, folder, chance):
    """A number of cuts of one disk: how many operations there were, and how often a model was acknowledged."""
    product = Product(disk.at / "home")
    sources = folder
    if isinstance(disk, CopyableSharingDisk):
        sources = disk.at / "sources"
        sources.mkdir()
    writer = Writer(product, sources, disk.at / "out", chance)
    stop = threading.Event()
    pusher = threading.Thread(target=push_journal, args=(disk.at, stop))
    acknowledged = 0
    picker = random.Random(chance.random())
    writer.start()
    pusher.start()
    try:
        for _ in range(CUTS_OF_A_DISK):
            time.sleep(picker.random() * 0.1)
            with writer.lock:
                acked = set(writer.acked)
            acknowledged += len(acked)
            with disk.cut() as cut:
                with writer.lock:
                    acked -= writer.doubtful
                    contents = list(writer.contents)
                prove(cut, acked, contents, picker)
            assert writer.failure is None, writer.failure
    finally:
        writer.stop.set()
        writer.join()
        stop.set()
        pusher.join()
    assert writer.failure is None, writer.failure
    return writer.operations, acknowledged


@pytest.mark.parametrize("kind", [CopyableDisk, CopyableSharingDisk])
def test_what_was_acknowledged_survives_every_power_cut(kind, folder, chance, figures):
    operations = acknowledged = 0
    for number in range(CUTS // CUTS_OF_A_DISK):
        (folder / str(number)).mkdir()
        for disk in opened(kind):
            done, told = cut_again_and_again(disk, folder / str(number), chance)
            operations += done
            acknowledged += told
    assert operations >= CUTS // 4, "hardly anything was cut"
    figures(f"{CUTS} power cuts on {kind.MAKE[0][5:]} in {operations} operations: {acknowledged} times a model was acknowledged, 0 lost")


def test_disk_of_these_tests_shows_a_missing_sync(disk):
    """Names without bytes, and bytes without names, or the cuts above prove nothing."""
    for number in range(20):
        (disk.at / f"temporary-{number}").write_bytes(b"x" * 5000)
        os.rename(disk.at / f"temporary-{number}", disk.at / f"unsynced-{number}")
    with open(disk.at / "unrelated", "wb") as stream:
        os.fsync(stream.fileno())
    with disk.cut() as cut:
        empty = [path for path in cut.glob("unsynced-*") if path.stat().st_size == 0]
    with open(disk.at / "synced", "wb") as stream:
        stream.write(b"x")
        os.fsync(stream.fileno())
    os.rename(disk.at / "synced", disk.at / "renamed")
    with disk.cut() as cut:
        is_renamed = (cut / "renamed").exists()
    assert len(empty) >= 10 and not is_renamed


def test_failing_sync_that_loses_bytes_is_a_failed_store_and_the_next_one_works(lying_disk, folder):
    """The disk answers the first sync with an error, and with success from then on, without the bytes."""
    product = Product(lying_disk.at / "home")
    small = trees.full_model(folder / "small")
    product.store(small, "small")
    large = folder / "large"
    trees.noise(20 << 20, 3)(large)
    failed = product.attempt("store", large, "large")
    assert failed.code == 9, failed
    assert "large@1" not in product.attempt("list", "--all", "--versions").notices
    lying_disk.grow()
    assert product.run("check", "--read-data")["isValid"]
    assert product.listed("--all", "--versions") == ["small@1"]
    assert product.store(large, "large")["version"] == 1
    assert product.run("check", "--read-data")["isValid"]
    assert product.run("verify", "small")["isValid"]


def test_failing_sync_that_loses_bytes_is_a_failed_retrieve_and_the_next_one_works(lying_disk, folder):
    product = Product(folder / "home")
    large = folder / "large"
    trees.noise(20 << 20, 3)(large)
    product.store(large, "large")
    output = lying_disk.at / "large"
    failed = product.attempt("retrieve", "large", output)
    assert failed.code == 9, failed
    assert not output.exists()
    lying_disk.grow()
    assert not output.exists()
    product.run("retrieve", "large", output)
    assert output.read_bytes() == large.read_bytes()
    lying_disk.inner.__exit__()
    lying_disk.mount()
    assert output.read_bytes() == large.read_bytes()
