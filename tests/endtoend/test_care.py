"""verify, repair, check, prune, lifecycle, keys, names, bad input: what one does to keep a store healthy, and mistakes."""

import json
import os
import stat

import pytest

from product import MIB, tree_digest


@pytest.fixture
def stored(product, model):
    return product.run("store", model, "model")


def chunks(product):
    return product.run("info", "model", "--chunks")["chunks"]


def test_every_damaged_chunk_is_named_and_nothing_is_written(product, stored, model):
    for chunk in chunks(product):
        if chunk["size"] == 0:
            continue
        product.damage(chunk["cid"], chunk["size"] // 2)
        before = tree_digest(product.home)
        code, result, _ = product.attempt("verify", "model")
        assert code == 4 and not result["isValid"] and len(result["chunkResults"]) == 1
        bad = result["chunkResults"][0]
        assert (bad["chunkIndex"], bad["path"], bad["offset"], bad["cid"]) == (
            chunk["index"], chunk["path"], chunk["offset"], chunk["cid"])
        assert bad["expectedHash"] == chunk["sha256"] and bad["actualHash"] not in (None, bad["expectedHash"])
        assert result["error"]["chunkIndex"] == chunk["index"]
        assert tree_digest(product.home) == before
        repaired = product.run("repair", "model", "--from", model)
        assert repaired["repairedChunks"] == 1 and repaired["unrepairableChunks"] == 0
        assert product.run("verify", "model")["isValid"]


@pytest.mark.parametrize("how", ["missing", "truncated", "empty"])
def test_lost_chunk_is_seen_and_healed(product, stored, model, how):
    chunk = next(chunk for chunk in chunks(product) if chunk["size"] == MIB)
    if how == "missing":
        product.lose(chunk["cid"])
    else:
        product.truncate(chunk["cid"], 1000 if how == "truncated" else 0)
    code, result, _ = product.attempt("verify", "model")
    assert code == 4 and result["chunkResults"][0]["chunkIndex"] == chunk["index"]
    assert product.attempt("check")[0] == 4
    product.run("repair", "model", "--from", model)
    assert product.run("verify", "model")["isValid"]
    assert product.run("check", "--read-data")["isValid"]


@pytest.mark.parametrize("which", ["manifestCID", "rootCID"])
def test_damaged_node_is_seen_and_healed(product, stored, model, which):
    product.damage(stored[which], 3)
    assert product.attempt("verify", "model")[0] == 4
    product.run("repair", "model", "--from", model)
    assert product.run("verify", "model")["isValid"]


@pytest.mark.parametrize("which", ["manifestCID", "rootCID"])
def test_node_that_grew_past_every_limit_is_seen_and_healed(product, stored, model, which):
    content = product.block(stored[which]).read_bytes()
    product.overwrite(stored[which], content + bytes(3 * MIB))
    assert product.attempt("verify", "model")[0] == 4
    product.run("repair", "model", "--from", model)
    assert product.run("verify", "model")["isValid"]
    assert product.block(stored[which]).read_bytes() == content


def test_damaged_block_is_never_delivered(product, stored, folder):
    chunk = next(chunk for chunk in chunks(product) if chunk["size"] == MIB)
    product.damage(chunk["cid"])
    error = product.fail(4, "retrieve", "model", folder / "out").error
    assert error["chunkIndex"] == chunk["index"] and not (folder / "out").exists()
    assert any((product.home / "quarantine").iterdir())


def test_copy_is_verified(product, stored, model):
    assert product.run("verify", "model", model)["isValid"]
    (model / "extra").write_text("x")
    result = product.run("verify", "model", model)
    assert result["extraFiles"] == ["extra"]
    assert product.attempt("verify", "model", model, "--strict")[0] == 4
    (model / "weights" / "b.bin").unlink()
    code, result, _ = product.attempt("verify", "model", model)
    assert code == 4 and result["missingFiles"] == ["weights/b.bin"]
    (model / "weights" / "b.bin").symlink_to("/etc/passwd")
    assert product.attempt("verify", "model", model)[0] == 4


def test_nobody_is_told_to_replace_what_is_only_more(product, stored, model):
    (model / ".git").mkdir()
    (model / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    error = product.fail(4, "verify", "model", model, "--strict").error
    assert error["reason"] == "file_extra" and "files or folders" in error["message"]
    assert "--force" not in error["hint"] and "leave out --strict" in error["hint"]
    (model / "weights" / "b.bin").unlink()
    error = product.fail(4, "verify", "model", model, "--strict").error
    assert "retrieve" in error["hint"] and "takes away" in error["hint"] and ".git" in error["hint"]
    (model / ".git" / "HEAD").unlink()
    (model / ".git").rmdir()
    assert "takes away" not in product.fail(4, "verify", "model", model, "--strict").error["hint"]


def test_sample_checks_so_many(product, stored):
    result = product.run("verify", "model", "--sample", "2")
    assert result["checkedChunks"] == 2 and result["totalChunks"] == stored["chunkCount"]


def test_prune_takes_only_what_nothing_needs(product, stored, model):
    (model / "config.json").write_text("{}")
    product.run("store", model, "model")
    assert product.run("remove", "model@1")["removedModels"] == 1
    dry = product.run("prune", "--dry-run")
    freed = product.run("prune")
    assert freed["freedBlocks"] == dry["freedBlocks"] > 0 and freed["removedModels"] == 1
    assert product.run("verify", "model@2")["isValid"]
    assert product.run("check", "--read-data")["isValid"]
    product.run("remove", "model")
    product.fail(2, "prune")
    product.run("prune", "--yes")
    assert product.run("list", "--local")["models"] == []
    assert product.run("store", model, "model")["unchanged"]
    assert product.run("verify", "model")["isValid"]


def test_prune_stops_when_a_kept_manifest_cannot_be_read(product, stored, model, folder):
    other = folder / "other.bin"
    other.write_bytes(b"o" * 5000)
    product.run("store", other, "other")
    product.run("remove", "other")
    product.damage(stored["rootCID"], 3)
    before = tree_digest(product.blocks)
    assert product.attempt("prune", "--yes")[0] == 4
    assert tree_digest(product.blocks) == before


def test_lifecycle(product, stored, model, folder):
    (model / "config.json").write_text("{}")
    product.run("store", model, "model")
    assert product.run("deactivate", "model@2", "--reason", "wrong")["versions"] == [{"version": 2, "status": "inactive"}]
    assert product.run("info", "model")["version"] == 1
    assert product.run("retrieve", "model@2", folder / "two")["warnings"]
    product.run("activate", "model@2")
    assert product.run("info", "model")["version"] == 2
    product.run("deactivate", "model")
    error = product.fail(5, "retrieve", "model", folder / "none").error
    assert error["reason"] == "inactive"
    product.run("activate", "model")
    product.fail(2, "deactivate", "model@1", "--revoke")
    product.run("deactivate", "model@1", "--revoke", "--yes", "--reason", "leaked")
    assert product.fail(4, "retrieve", "model@1", folder / "one").reason == "revoked"
    assert product.fail(4, "retrieve", stored["manifestCID"], folder / "one").reason == "revoked"
    assert product.fail(4, "activate", "model@1").reason == "revoked"
    assert product.run("verify", "model@1")["isValid"]


def test_flipped_bit_in_the_ledger_is_found(product, stored):
    path = product.home / "ledger.db"
    content = bytearray(path.read_bytes())
    found = 0
    for offset in range(0, len(content), max(1, len(content) // 60)):
        changed = bytearray(content)
        changed[offset] ^= 0x40
        path.write_bytes(changed)
        code, result, _ = product.attempt("info", "model")
        if code == 0:
            assert result["manifestCID"] == stored["manifestCID"] and result["rootCID"] == stored["rootCID"]
        else:
            assert code in (4, 5, 9, 11), result
        found += product.attempt("check")[0] != 0
    path.write_bytes(content)
    assert found > 0
    assert product.run("check")["isValid"]


def test_keys(product, stored, folder):
    first = product.run("key", "list")["keys"]
    assert len(first) == 1 and first[0]["isDefault"] and not first[0]["protected"]
    assert stat.S_IMODE(os.stat(first[0]["path"]).st_mode) == 0o600
    product.run("key", "export", folder / "out.json")
    product.fail(9, "key", "export", folder / "out.json")
    second = product.run("key", "new")["keys"][0]
    product.run("key", "default", second["address"])
    assert [key["address"] for key in product.run("key", "list")["keys"] if key["isDefault"]] == [second["address"]]
    secret = folder / "secret"
    secret.write_text("pass word\n")
    secret.chmod(0o600)
    changed = product.run("key", "password", second["address"], "--password-file", secret)["keys"]
    assert changed[0]["protected"]
    hexfile = folder / "hex"
    hexfile.write_text("11" * 32 + "\n")
    product.fail(10, "key", "import", hexfile)
    hexfile.chmod(0o600)
    imported = product.run("key", "import", hexfile)["keys"][0]
    assert imported["address"] == "0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A"


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["stroe", "a", "b"], "unknown_command"),
        (["list", "--al"], "unknown_option"),
        (["publish"], "unknown_command"),
        (["retrieve", "m", "o", "--source", "x"], "unknown_option"),
        (["store", "x", "a/../b"], None),
        (["store", "x", "with space"], None),
        (["info", "a:b"], "ref_colon"),
        (["info", "a@0"], "ref_version"),
        (["info", "a@01"], "ref_version"),
        (["--set", "blockchain.privateKey=1", "list"], "secret_setting"),
        (["--set", "nonsense=1", "list"], "config_key"),
    ],
)
def test_usage_errors(product, arguments, reason):
    error = product.fail(2, *arguments).error
    assert reason is None or error["reason"] == reason, error


def test_unknown_model_is_told_with_the_nearest(product, stored):
    error = product.fail(5, "info", "mdel").error
    assert error["reason"] == "model_unknown" and "model" in error["hint"]


@pytest.mark.parametrize("name", ["a:b", "con", "x\\y", "tail.", "new\nline", ".git2/../x"[:5] + " "])
def test_unsafe_names_are_refused_and_named(product, folder, name):
    path = folder / "bad"
    path.mkdir()
    (path / name).write_text("x")
    error = product.fail(11, "store", path, "bad").error
    assert error["reason"].startswith("path_") and error["path"] == name and "--exclude" in error["hint"]


def test_links(product, model, folder):
    (model / "link.json").symlink_to("config.json")
    result = product.run("store", model, "linked")
    assert any("link" in warning for warning in result["warnings"])
    (model / "folder").symlink_to("weights")
    assert product.fail(2, "store", model, "linked").error["path"] == "folder"
    (model / "folder").unlink()
    (model / "dangling").symlink_to("nowhere")
    assert product.fail(2, "store", model, "linked").error["path"] == "dangling"
    (model / "dangling").unlink()
    os.mkfifo(model / "pipe")
    assert product.fail(2, "store", model, "linked").error["path"] == "pipe"


def test_only_what_can_be_stored_is_offered(product, folder):
    path = folder / "checkout"
    for name in (".git/HEAD", ".cache/huggingface/lock", ".w.bin.model-storage-partial", "w.bin"):
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(name)
    stored = product.run("store", path, "m")
    offers = sorted(("huggingface" in warning, "--no-default-excludes" in warning) for warning in stored["warnings"])
    assert stored["fileCount"] == 1 and offers == [(False, False), (False, False), (True, True)]
    assert product.fail(11, "store", "--no-default-excludes", path, "m").reason == "path_git"
    stored = product.run("store", "--no-default-excludes", path, "m", "--exclude", ".git", "--exclude", "*-partial")
    assert stored["fileCount"] == 2 and stored["warnings"] == []


def test_a_file_that_hides_its_size_is_not_stored_empty(product, model):
    assert os.stat("/proc/version").st_size == 0
    assert product.fail(2, "store", "/proc/version", "kernel").reason == "source_size"
    (model / "version").symlink_to("/proc/version")
    ended = product.fail(2, "store", model, "kernel")
    assert ended.reason == "source_size" and ended.error["path"] == "version"
    assert product.listed() == []


def test_the_root_of_all_folders_is_not_stored(product):
    ended = product.fail(2, "store", "/", "all")
    assert ended.reason == "source_no_name" and ended.error["path"] == "/"


def test_twins_by_case_are_refused(product, folder):
    path = folder / "twins"
    path.mkdir()
    (path / "README").write_text("1")
    (path / "readme").write_text("2")
    assert product.fail(11, "store", path, "twins").reason == "path_twins"


def test_keystore_and_home_are_not_stored(product, stored, folder):
    key = product.run("key", "list")["keys"][0]["path"]
    copy = folder / "model" / "key.json"
    copy.write_bytes(open(key, "rb").read())
    assert product.fail(2, "store", copy, "leak").reason == "source_keystore"
    ended = product.fail(2, "store", copy.parent, "leak")
    assert ended.reason == "source_keystore" and ended.error["path"] == "key.json" and "--exclude" in ended.error["hint"]
    ended = product.fail(2, "store", product.home, "leak")
    assert ended.reason == "source_home" and ended.error["path"] == str(product.home)
    assert product.fail(2, "store", folder, "leak").reason == "source_home"
    with open(key, "rb") as stream:
        assert product.fail(2, "store", "-", "leak", stdin=stream.read()).reason == "source_keystore"


def test_nothing_of_the_home_is_stored(product, stored, folder, model):
    (folder / "way").symlink_to(product.home)
    for inside in ("blocks", "locks", "ledger.db", "state.db", "keystore/default", "../way/ledger.db", "../way/blocks"):
        assert product.fail(2, "store", product.home / inside, "leak").reason == "source_home", inside
    assert product.fail(2, "store", "blocks", "leak", cwd=str(product.home)).reason == "source_home"
    (model / "book").symlink_to(folder / "way" / "ledger.db")
    ended = product.fail(2, "store", model, "leak")
    assert ended.reason == "source_home" and ended.error["path"] == "book"
    beside = product.home.with_name(product.home.name + "-too")
    beside.mkdir()
    (beside / "file").write_text("x")
    product.run("store", beside, "beside")


def test_config_of_a_model_folder_changes_nothing(product, model):
    (model / "config.json").write_text(json.dumps({"storage": {"chunkSize": 4096}, "ipfs": {"host": "evil"}}))
    result = product.run("store", ".", "inside", cwd=str(model))
    assert result["store"] == "fs" and product.run("info", "inside")["chunker"] == "size-1048576"


def test_config_shows_origins(product, folder):
    values = product.run("--set", "storage.chunkSize=4096", "config")["values"]
    assert values["storage.chunkSize"] == {"value": 4096, "origin": "flag"}
    path = product.run("config", "init")["writtenPath"]
    product.fail(2, "config", "init")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_list_pages(product, folder):
    path = folder / "x"
    path.write_text("x")
    for index in range(5):
        product.run("store", path, f"model-{index}")
    seen, after = [], []
    while True:
        page = product.run("list", "--limit", "2", *after)
        seen += [entry["modelId"] for entry in page["models"]]
        if page["next"] is None:
            break
        after = ["--after", page["next"]]
    assert seen == [f"model-{index}" for index in range(5)]


def test_progress_as_json_lines(product, model):
    ended = product.call("--json", "--progress", "json", "store", model, "model")
    lines = [json.loads(line) for line in ended.stderr.decode().splitlines()]
    last = [line for line in lines if line["event"] == "progress"][-1]
    assert last["phase"] == "store" and last["bytesDone"] == last["bytesTotal"] > 0
    assert product.block_files()


def test_help_of_every_command_has_an_example(product):
    text = product.call("--help").stdout.decode()
    for command in ("store retrieve list info verify repair activate deactivate remove prune check key config").split():
        assert f"\n  {command} " in text
        assert "Examples:" in product.call(command, "--help").stdout.decode()


def test_repair_takes_only_what_is_wanted(product, stored, model):
    chunk = next(chunk for chunk in chunks(product) if chunk["size"] == MIB)
    product.lose(chunk["cid"])
    (model / "other.bin").write_bytes(b"not of the model" * 1000)
    (model / "weights" / "b.bin").rename(model / "renamed.bin")
    before = {path.name for path in product.blocks.rglob("*.data")}
    product.run("repair", "model", "--from", model)
    after = {path.name for path in product.blocks.rglob("*.data")}
    assert after - before == {product.block(chunk["cid"]).name}
    assert product.run("verify", "model")["isValid"]


def test_repair_of_a_node_and_what_it_hides(product, stored, model):
    for cid in [stored["rootCID"]] + [chunk["cid"] for chunk in chunks(product) if chunk["size"] > 1000]:
        product.lose(cid)
    result = product.run("repair", "model", "--from", model)
    assert result["unrepairableChunks"] == 0 and result["repairedChunks"] >= 3
    assert product.run("verify", "model")["isValid"]
    product.lose(stored["rootCID"])
    error = product.fail(4, "repair", "model").error
    assert error["reason"] == "unrepairable"


def test_password_right_after_the_key_was_made(product):
    address = product.run("key", "new")["keys"][0]["address"]
    for _ in range(3):
        assert product.run("key", "password", address, "--no-password")["keys"][0]["address"] == address


def test_repaired_model_is_kept_again(product, stored, model):
    product.run("remove", "model")
    product.run("repair", "model", "--from", model)
    assert product.run("prune", "--yes")["freedBlocks"] == 0
    assert product.run("verify", "model")["isValid"]


def test_a_copy_that_is_not_there_is_told_when_nothing_is_bad_too(product, stored, folder):
    assert product.fail(5, "repair", "model", "--from", folder / "none").reason == "source_unknown"


def test_what_lies_beside_a_model_in_its_copy_is_no_obstacle(product, stored, model):
    """A checkout, with links, names and files that no model can hold, or may."""
    files = [path for path in model.rglob("*") if path.is_file()]
    (model / ".git").mkdir()
    (model / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    for number in range(40):
        for name in ("Aa", "aA"):
            (model / f"A{number}").mkdir(exist_ok=True)
            (model / f"A{number}" / name).write_text(name)
    for folder in {path.parent for path in files}:
        for name in ("0twin", "0Twin", "con"):
            (folder / name).write_text("x")
        (folder / "0nowhere").symlink_to("nothing")
        (folder / "0folder").symlink_to("/")
        (folder / "0key.json").write_bytes(next((product.home / "keystore").glob("UTC*")).read_bytes())
        (folder / "0kernel").symlink_to("/proc/version")
        os.mkfifo(folder / "0pipe")
    chunks = {chunk["cid"] for chunk in product.run("info", "model", "--chunks")["chunks"] if chunk["size"] > 0}
    for chunk in chunks:
        product.damage(chunk)
    assert product.run("repair", "model", "--from", model)["repairedChunks"] == len(chunks)
    assert product.run("check", "--read-data")["isValid"]
