import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from product import MIB, Product, assert_same_tree
from product.blocks import cid_text
from product.trees import folder_of, many, noise, shards


def test_folder_comes_back_as_it_was(product, model, folder):
    stored = product.run("store", model, "org/model", "--name", "A model", "--meta", "license=mit")
    assert (stored["version"], stored["fileCount"], stored["unchanged"]) == (1, 5, False)
    assert stored["totalSize"] == sum(entry.stat().st_size for entry in model.rglob("*") if entry.is_file())
    assert Path(stored["localManifest"]).exists()
    result = product.run("retrieve", "org/model", folder / "out")
    assert result["fetchedBytes"] == stored["totalSize"] and result["verifiedBy"] == "ledger"
    assert_same_tree(folder / "out", model)


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, (MIB) - 1, MIB, (MIB) + 1, 5 << 20])
def test_file_of_any_size_comes_back(product, folder, size):
    path = folder / "file.bin"
    path.write_bytes(bytes(i % 251 for i in range(size)))
    stored = product.run("store", path, "file")
    assert stored["chunkCount"] == max(1, -(-size // (MIB)))
    product.run("retrieve", "file", folder / "out.bin")
    assert (folder / "out.bin").read_bytes() == path.read_bytes()


def test_stream_in_and_out(product):
    content = b"stream " * 300000
    stored = product.run("store", "-", "streamed", stdin=content)
    assert stored["totalSize"] == len(content)
    ended = product.call("retrieve", "streamed", "-")
    assert ended.returncode == 0 and ended.stdout == content


def test_same_content_is_no_new_version(product, model):
    first = product.run("store", model, "model")
    again = product.run("store", model, "model")
    assert again["unchanged"] and again["version"] == 1 and again["manifestCID"] == first["manifestCID"]
    assert again["newBytes"] == 0
    described = product.run("store", model, "model", "--description", "text")
    assert described["version"] == 2 and described["newBytes"] == 0 and described["rootCID"] == first["rootCID"]
    assert product.run("store", model, "model", "--new-version")["version"] == 3


def test_changed_file_adds_only_its_chunks(product, model):
    product.run("store", model, "model")
    (model / "config.json").write_text("{}")
    changed = product.run("store", model, "model")
    assert (changed["version"], changed["newChunks"], changed["newBytes"]) == (2, 1, 2)


def test_two_homes_give_one_identity(product, model, folder):
    other = Product(folder / "other")
    one, two = product.run("store", model, "model"), other.run("store", model, "model")
    for field in ("rootCID", "manifestCID", "chunkRoot"):
        assert one[field] == two[field]
    assert one["publisher"] != two["publisher"]


def test_nothing_of_the_machine_enters_the_blocks(product, model, folder):
    """Another user, folder, time and other rights: the same blocks, byte for byte, and no word of where they come from."""
    copy = folder / "folder-of-a-stranger" / model.name
    shutil.copytree(model, copy)
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o700)
        os.utime(path, (1, 1))
    other = Product(folder / "home-of-a-stranger")
    other.environment.update(USER="a-stranger", LOGNAME="a-stranger", HOME=str(folder), HOSTNAME="stranger-host", TZ="Asia/Tokyo")
    one, two = product.run("store", model, "model"), other.run("store", copy, "model", preexec_fn=lambda: os.umask(0))
    assert one["manifestCID"] == two["manifestCID"]
    blocks = [{path.name: path.read_bytes() for path in home.blocks.rglob("*.data")} for home in (product, other)]
    assert blocks[0] == blocks[1]
    for word in ("stranger", "Tokyo", str(folder), str(model.parent)):
        assert not any(word.encode() in block for block in blocks[1].values()), word


def test_output_that_is_this_version_is_left_alone(product, model, folder):
    product.run("store", model, "model")
    product.run("retrieve", "model", folder / "out")
    again = product.run("retrieve", "model", folder / "out")
    assert again["fetchedBytes"] == 0 and again["reusedBytes"] == again["totalSize"]


def test_output_that_differs_is_named_and_force_replaces_it(product, model, folder):
    product.run("store", model, "model")
    product.run("retrieve", "model", folder / "out")
    (folder / "out" / "weights" / "b.bin").write_bytes(b"other")
    (folder / "out" / "extra").write_text("x")
    error = product.fail(2, "retrieve", "model", folder / "out").error
    assert error["reason"] == "output_exists" and "weights/b.bin" in error["message"]
    assert (folder / "out" / "extra").exists()
    result = product.run("retrieve", "model", folder / "out", "--force")
    assert_same_tree(folder / "out", model)
    assert result["fetchedBytes"] == MIB
    assert [entry.name for entry in folder.iterdir() if "partial" in entry.name] == []


def test_extra_file_is_a_difference(product, model, folder):
    product.run("store", model, "model")
    product.run("retrieve", "model", folder / "out")
    (folder / "out" / "extra").write_text("x")
    assert "extra" in product.fail(2, "retrieve", "model", folder / "out").error["message"]
    product.run("retrieve", "model", folder / "out", "--force")
    assert_same_tree(folder / "out", model)


@pytest.mark.parametrize("make", [lambda path: path.write_text("x"), lambda path: path.symlink_to(path.name)], ids=["file", "loop"])
def test_a_folder_that_is_something_else_is_a_difference(product, model, folder, make):
    """The rest of the folder cannot even be looked for."""
    product.run("store", model, "model")
    product.run("retrieve", "model", folder / "out")
    shutil.rmtree(folder / "out" / "weights")
    make(folder / "out" / "weights")
    for options in ((), ("--dry-run",)):
        error = product.fail(2, "retrieve", "model", folder / "out", *options).error
        assert error["reason"] == "output_exists" and "weights is not a folder" in error["message"]
    product.run("retrieve", "model", folder / "out", "--force", "--dry-run")
    assert not (folder / "out" / "weights").is_dir()
    product.run("retrieve", "model", folder / "out", "--force")
    assert_same_tree(folder / "out", model)


@pytest.fixture
def half_replaced(product, folder):
    """A replacement would take a.bin from what stands, if need be as a second name for it, and fails at the end of b.bin."""
    folder_of({"a.bin": noise(3 * MIB, 1), "b.bin": noise(40 * MIB, 2)})(folder / "model")
    product.run("store", folder / "model", "model")
    product.run("retrieve", "model", folder / "out")
    last = hashlib.sha256((folder / "model/b.bin").read_bytes()[39 * MIB :]).digest()
    product.lose(cid_text(b"\x01\x55\x12\x20" + last))
    write_over(folder / "out/b.bin", 39 * MIB)


def write_over(path, offset):
    with open(path, "r+b") as stream:
        stream.seek(offset)
        stream.write(b"written by the user")


def test_what_an_earlier_run_took_is_judged_again(product, folder, half_replaced):
    """A second name stays one, unless the file has rights by now that an output has not."""
    links = []
    for mode in (0o644, 0o644, 0o755):
        (folder / "out/a.bin").chmod(mode)
        product.fail(4, "retrieve", "model", folder / "out", "--force")
        links.append((folder / "out/a.bin").stat().st_nlink)
    assert links[0] == links[1] and links[2] == 1
    product.run("retrieve", "model", folder / "out", "--force", "--seed", folder / "model")
    assert (folder / "out/a.bin").stat().st_mode & 0o111 == 0
    assert_same_tree(folder / "out", folder / "model")


def test_what_stands_is_whole_after_replacements_that_fail(product, folder, half_replaced):
    for name, offset in (("b.bin", 39 * MIB), ("a.bin", MIB)):
        write_over(folder / "out" / name, offset)
        shutil.rmtree(folder / "theirs", ignore_errors=True)
        shutil.copytree(folder / "out", folder / "theirs")
        assert product.fail(4, "retrieve", "model", folder / "out", "--force").reason == "chunk_missing"
        assert_same_tree(folder / "out", folder / "theirs")
    product.run("retrieve", "model", folder / "out", "--force", "--seed", folder / "model")
    assert_same_tree(folder / "out", folder / "model")


def test_what_a_killed_replacement_moved_aside_comes_back(product, model, folder):
    product.run("store", model, "model")
    partial = folder / ".out.model-storage-partial"
    (partial / "replaced").mkdir(parents=True)
    (partial / "replaced" / "mine").write_text("old")
    error = product.fail(2, "retrieve", "model", folder / "out").error
    assert error["reason"] == "output_exists"
    assert (folder / "out" / "mine").read_text() == "old"


def test_archives_are_the_same_every_time(product, model, folder):
    product.run("store", model, "model")
    for suffix in ("tar", "tar.gz", "tgz", "tar.zst"):
        digests = set()
        for number in (1, 4):
            output = folder / f"{number}.{suffix}"
            product.run("retrieve", "model", output, "--jobs", number)
            digests.add(hashlib.sha256(output.read_bytes()).hexdigest())
        assert len(digests) == 1, suffix
    with tarfile.open(folder / "1.tar.gz") as archive:
        assert "weights/größe.bin" in archive.getnames()


def test_a_suffix_that_cannot_be_had_is_a_warning(product, model, folder):
    product.run("store", model, "model")
    (warning,) = product.run("retrieve", "model", folder / "out.zip")["warnings"]
    assert "out.zip" in json.dumps(warning) and ".tar.zst" in json.dumps(warning)
    assert_same_tree(folder / "out.zip", model)
    product.run("store", model / "config.json", "single")
    (warning,) = product.run("retrieve", "single", folder / "out.tar.gz")["warnings"]
    assert "out.tar.gz" in json.dumps(warning)
    assert (folder / "out.tar.gz").read_bytes() == (model / "config.json").read_bytes()


def test_extract_leaves_the_tree_beside_the_archive(product, model, folder):
    product.run("store", model, "model")
    result = product.run("retrieve", "model", folder / "out.tar.gz", "--extract")
    assert result["extractedPath"] == str(folder / "out")
    assert_same_tree(folder / "out", model)


def test_stored_archive_is_extracted(product, model, folder):
    subprocess.run(["tar", "-C", str(model), "-czf", str(folder / "stored.tar.gz"), "."], check=True)
    product.run("store", folder / "stored.tar.gz", "packed")
    product.run("retrieve", "packed", folder / "got.tar.gz", "--extract")
    assert_same_tree(folder / "got", model)


def test_a_stored_tar_without_entries_is_an_empty_folder(product, folder):
    subprocess.run(["tar", "-cf", str(folder / "stored.tar"), "-T", "/dev/null"], check=True)
    product.run("store", folder / "stored.tar", "packed")
    result = product.run("retrieve", "packed", folder / "got.tar", "--extract")
    assert result["extractedPath"] == str(folder / "got") and list((folder / "got").iterdir()) == []


def test_globs_choose_files(product, model, folder):
    product.run("store", model, "model")
    product.run("retrieve", "model", folder / "json", "--include", "*.json")
    assert [path.name for path in (folder / "json").rglob("*") if path.is_file()] == ["config.json"]
    stored = product.run("store", model, "part", "--exclude", "weights")
    assert stored["fileCount"] == 3
    for option in ("--include", "--exclude"):
        assert product.fail(2, "store", model / "config.json", "one", option, "*.json").reason == "store_file_globs"


@pytest.mark.parametrize("output", ["out", "out.tar", "out.tar.gz", "out.tar.zst"])
@pytest.mark.parametrize("options", [(), ("--force",), ("--dry-run",)])
def test_globs_that_choose_nothing_are_told(product, model, folder, output, options):
    """Whatever stands there, even the folders of the model alone."""
    product.run("store", model, "model")
    for name in ("weights", "nothing here"):
        (folder / "out" / name).mkdir(parents=True)
    before = sorted(folder.rglob("*"))
    ended = product.fail(2, "retrieve", "model", folder / output, "--include", "nothing*", *options)
    assert ended.reason == "nothing_selected" and sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("globs", [("--include", "nothing*"), ("--exclude", "*"), ("--include", "*.json", "--exclude", "*.json")])
def test_globs_that_choose_nothing_of_a_stream_give_no_byte(product, model, globs):
    """Not those of the folders either, more of them than anybody holds back."""
    for number in range(5000):
        (model / f"folder {number}").mkdir()
    product.run("store", model, "model")
    ended = product.call("retrieve", "model", "-", "--format", "tar", *globs)
    assert (ended.returncode, ended.stdout) == (2, b"") and b"--include" in ended.stderr


def test_an_empty_file_is_something_to_choose(product, folder):
    folder_of({"a.bin": noise(5000, 1), "deep/empty": noise(0, 1)})(folder / "model")
    product.run("store", folder / "model", "model")
    for output in ("out", "out.tar", "out.tar.gz"):
        for options in (("--dry-run",), (), ()):
            result = product.run("retrieve", "model", folder / output, "--include", "empty", *options)
            assert (result["fetchedBytes"], result["reusedBytes"]) == (0, 0)
    assert [path.name for path in (folder / "out").rglob("*")] in (["deep", "empty"], ["empty", "deep"])
    ended = product.call("retrieve", "model", "-", "--format", "tar", "--include", "empty")
    assert ended.returncode == 0 and ended.stdout == (folder / "out.tar").read_bytes()


def test_seed_gives_what_the_store_has_lost(product, model, folder):
    product.run("store", model, "model")
    chunks = product.run("info", "model", "--chunks")["chunks"]
    largest = next(chunk for chunk in chunks if chunk["size"] == MIB)
    product.lose(largest["cid"])
    assert product.fail(4, "retrieve", "model", folder / "out").error["cid"] == largest["cid"]
    result = product.run("retrieve", "model", folder / "out", "--seed", model)
    assert_same_tree(folder / "out", model)
    assert result["fetchedBytes"] < result["totalSize"]


def test_dry_run_makes_nothing(product, model, folder):
    stored = product.run("store", model, "model")
    result = product.run("retrieve", "model", folder / "deep" / "out", "--dry-run")
    assert result["fetchedBytes"] == stored["totalSize"] and not (folder / "deep").exists()


@pytest.mark.parametrize("globs", [(), ("--include", "*.json"), ("--exclude", "weights"), ("--include", "b.bin", "--exclude", "*.json")])
@pytest.mark.parametrize("ref", ["model", "rootCID"])
def test_a_dry_run_tells_what_the_run_after_it_does(product, model, folder, globs, ref):
    stored = product.run("store", model, "model")
    for output in (("out",), ("out.tar",), ("out.tar.gz", "--extract")):
        told = product.run("retrieve", stored.get(ref, ref), folder / "-".join(output) / output[0], *output[1:], *globs, "--dry-run")
        done = product.run("retrieve", stored.get(ref, ref), folder / "-".join(output) / output[0], *output[1:], *globs)
        assert told["neededBytes"] == done["fetchedBytes"] > 0
        for name in ("fetchedBytes", "reusedBytes", "totalSize", "chunkCount"):
            assert told[name] == done[name], (output, name)
        again = [product.run("retrieve", stored.get(ref, ref), folder / "-".join(output) / output[0], *globs, *more) for more in ((), ("--dry-run",))]
        for result in again:
            assert result["fetchedBytes"] == 0
        assert again[0]["reusedBytes"] == again[1]["reusedBytes"] == done["fetchedBytes"] // len(output)


def test_other_chunk_size(product, model, folder):
    product.run("--set", "storage.chunkSize=4096", "store", model, "small")
    assert product.run("info", "small")["chunker"] == "size-4096"
    product.run("retrieve", "small", folder / "out")
    assert_same_tree(folder / "out", model)
    assert product.fail(2, "--set", "storage.chunkSize=5000", "store", model, "bad")


def test_manifest_cid_is_a_name(product, model, folder):
    stored = product.run("store", model, "model")
    for ref in (stored["manifestCID"], "ipfs://" + stored["manifestCID"], stored["rootCID"]):
        product.run("retrieve", ref, folder / ref[-8:])
        assert_same_tree(folder / ref[-8:], model)


# More than a plain folder may hold in its block: a HAMT. Sanitized programs take their time.
MANY = 5000 if os.environ.get("MODEL_STORAGE_SANITIZED") else 20000


def test_many_small_files(memory_folder):
    product = Product(memory_folder / "home")
    path = memory_folder / "many"
    folder_of(many(shards(MANY), "shards/"))(path)
    stored = product.store(path, "many")
    assert stored["fileCount"] == MANY
    result = product.run("retrieve", "many", memory_folder / "out")
    assert result["fetchedBytes"] == stored["totalSize"]
    assert_same_tree(memory_folder / "out", path)
    assert product.run("verify", "many")["checkedChunks"] == MANY


def test_extract_that_unpacks_nothing_says_so(product, folder):
    source = folder / "a.tar.gz"
    with tarfile.open(source, "w:gz") as archive:
        archive.addfile(tarfile.TarInfo("file"))
    product.store(source, "packed")
    for command, is_told in (
        (("retrieve", "packed", folder / "out"), False),
        (("retrieve", "packed", folder / "out", "-x"), True),
        (("retrieve", "packed", folder / "got.tar.gz", "-x"), False),
        (("retrieve", "packed", folder / "other", "-x", "--dry-run"), False),
    ):
        ended = product.call(*command)
        assert ended.returncode == 0 and (b"unpacked nothing" in ended.stderr) is is_told, (command, ended)
    assert (folder / "out").is_file() and (folder / "got" / "file").is_file() and not (folder / "other").exists()
