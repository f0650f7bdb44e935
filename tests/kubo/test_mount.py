"""A real Kubo whose block folder is the store's own: what it reads, and what both do to each other when both write."""

import base64
import json
from pathlib import Path

import pytest

from node import Kubo
from product import MIB, assert_same_tree, tree_digest
from product.trees import counted, folder_of, key_stream, many, shards, text, zeros

ROUNDS = 6


def make_model(path: Path, variant: int = 0) -> Path:
    """A folder of about 9 MiB; its variants share all chunks but one, and differ from the first byte of a file on."""
    folder_of(
        {
            "config.json": text(json.dumps({"variant": variant})),
            "weights/first.bin": counted(3 * MIB + 777),
            "weights/größe 2.bin": counted(5 * MIB),
            "weights/own.bin": key_stream(f"variant {variant}", MIB + 1),
            ".hidden": text("hidden"),
            "nothing": zeros(0),
            "folder/": None,
        }
    )(path)
    return path


@pytest.fixture
def stored(product, folder):
    """A model in the store: its folder and the result of storing it."""
    path = make_model(folder / "model")
    return path, product.store(path, "model")


@pytest.fixture
def mounted(stored, product, folder, ipfs):
    """A node of its own that keeps its blocks in the store's folder."""
    kubo = Kubo(ipfs, folder / "repository")
    kubo.mount(product.blocks)
    return kubo


def get(kubo: Kubo, path: str, output: Path) -> Path:
    kubo.run("get", "-o", str(output), path)
    return output


def assert_served(kubo: Kubo, result: dict, path: Path, output: Path) -> None:
    """Through the manifest, so that its link is followed by Kubo too."""
    assert_same_tree(path, get(kubo, result["manifestCID"] + "/root", output))


def test_every_file_is_served(mounted, stored):
    path, result = stored
    for file in path.rglob("*"):
        if file.is_file():
            assert mounted.run("cat", f"{result['rootCID']}/{file.relative_to(path)}") == file.read_bytes()


def test_manifest_is_readable(mounted, stored):
    _, result = stored
    manifest = json.loads(mounted.run("dag", "get", result["manifestCID"]))
    assert manifest["v"] == 1
    assert manifest["root"] == {"/": result["rootCID"]}
    assert manifest["size"] == result["totalSize"]
    assert manifest["count"] == result["chunkCount"]
    tree_root = manifest["ct"]["/"]["bytes"]
    assert base64.b64decode(tree_root + "=" * (-len(tree_root) % 4)).hex() == result["chunkRoot"][2:]
    info = json.loads(mounted.run("dag", "get", manifest["info"]["/"]))
    assert info["name"] == "model"


def test_manifest_leads_to_the_model(mounted, stored, folder):
    path, result = stored
    assert_served(mounted, result, path, folder / "out")


def test_large_folder_is_served(mounted, product, folder):
    path = folder / "many"
    folder_of(many(shards(5000)))(path)
    assert_served(mounted, product.store(path, "many"), path, folder / "out")


def test_single_file_is_served(mounted, product, folder):
    path = folder / "weights.bin"
    counted(3 * MIB + 1)(path)
    result = product.store(path, "file")
    assert get(mounted, result["manifestCID"] + "/root", folder / "out").read_bytes() == path.read_bytes()


def test_damaged_block_is_seen_by_both(mounted, product, stored):
    _, result = stored
    file = product.block(json.loads(mounted.run("dag", "get", result["manifestCID"]))["info"]["/"])
    file.chmod(0o600)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(RuntimeError, match="1 blocks corrupt"):
        mounted.run("repo", "verify")
    code, _, _ = product.attempt("check", "--read-data")
    assert code == 4


def test_both_write_at_once(mounted, product, stored, folder):
    """Each round both write the same new blocks and blocks of their own; a running node sees ours at once."""
    models, others = [], []
    with mounted.daemon():
        for variant in range(1, ROUNDS + 1):
            path = make_model(folder / f"model-{variant}", variant)
            other = folder / f"other-{variant}.bin"
            key_stream(f"other {variant}", 4 * MIB)(other)
            adds = [mounted.start(*mounted.add_command(name)) for name in (path, other)]
            ours = product.store(path, f"model-{variant}")
            roots = []
            for add in adds:
                output, notices = add.communicate(timeout=120)
                assert add.returncode == 0, notices
                roots.append(output.decode().strip())
            assert roots[0] == ours["rootCID"]
            assert_served(mounted, ours, path, folder / f"out-{variant}")
            models.append((path, ours))
            others.append((other, roots[1]))
        mounted.run("repo", "verify")
    # What Kubo left in the folder is no damage, and none of the blocks is either side's loss.
    assert product.run("check", "--read-data")["isValid"]
    for path, ours in models:
        assert product.run("verify", ours["manifestCID"])["isValid"]
    for other, root in others:
        assert mounted.run("cat", root) == other.read_bytes()


def test_stored_over_blocks_of_kubo(mounted, product, folder):
    """Blocks that Kubo wrote first are blocks like ours: the model is whole and nothing is written twice."""
    path = make_model(folder / "again", variant=9)
    root = mounted.add(path)
    leaf = product.block(mounted.add(path / "config.json"))
    before = leaf.stat().st_ino
    result = product.store(path, "again")
    assert result["rootCID"] == root
    assert leaf.stat().st_ino == before
    assert product.run("verify", "again")["isValid"]


def test_prune_leaves_blocks_of_kubo(mounted, product, folder):
    """Only blocks that came with a model of ours may go; what Kubo keeps for others is not ours to judge."""
    other = folder / "other.bin"
    key_stream("kept by Kubo", 3 * MIB)(other)
    root = mounted.add(other)
    product.run("remove", "model")
    product.run("prune", "--yes")
    assert mounted.run("cat", root) == other.read_bytes()
    code, result, _ = product.attempt("prune", "--orphans", "--yes")
    assert code == 2 and not result["success"], result
    assert mounted.run("cat", root) == other.read_bytes()


def test_collection_by_kubo_spares_pinned_manifests(mounted, product, stored, folder):
    path, result = stored
    mounted.run("pin", "add", result["manifestCID"])
    lost = product.store(make_model(folder / "unpinned", variant=7), "unpinned")
    mounted.run("repo", "gc")
    assert product.run("verify", "model")["isValid"]
    assert_served(mounted, result, path, folder / "out")
    # The other side of the rule: what is not pinned there is garbage to Kubo, and we notice.
    assert not product.block(lost["rootCID"]).exists()
    assert product.attempt("verify", "unpinned")[0] == 4


def late_file(kubo: Kubo, folder: Path) -> tuple:
    path = folder / "late.bin"
    key_stream("late", 3 * MIB + 100)(path)
    return path, kubo.add(path, only_hash=True)


def test_running_node_sees_what_was_missing(mounted, product, folder):
    """Asked for too early, and stored after that."""
    path, root = late_file(mounted, folder)
    with mounted.daemon():
        with pytest.raises(RuntimeError, match="could not find"):
            mounted.run("cat", root)
        product.store(path, "late")
        assert mounted.run("cat", root) == path.read_bytes()


def test_running_node_writes_again_what_we_pruned(mounted, product, folder):
    path, root = late_file(mounted, folder)
    product.store(path, "late")
    with mounted.daemon():
        assert mounted.run("cat", root) == path.read_bytes()
        product.run("remove", "late")
        product.run("prune", "--yes")
        assert mounted.add(path) == root
        assert mounted.run("cat", root) == path.read_bytes()


def test_key_cache_of_kubo_is_why_it_must_be_off(mounted, product, folder):
    """Should Kubo once look again by itself, the advice in docs/decisions can go."""
    mounted.configure(lambda configuration: configuration["Datastore"].update(BlockKeyCacheSize=None))
    path, root = late_file(mounted, folder)
    with mounted.daemon():
        for _ in range(2):
            with pytest.raises(RuntimeError, match="could not find"):
                mounted.run("cat", root)
            product.store(path, "late")
    assert mounted.run("cat", root) == path.read_bytes()


@pytest.fixture
def apart(stored, product, folder, ipfs):
    """A node whose block folder is one of its own, on which a test mounts the store's."""
    kubo = Kubo(ipfs, folder / "repository")
    for name in ("view", "upper", "work"):
        (folder / name).mkdir()
    kubo.mount(folder / "view")
    return kubo


def test_read_only_mount_is_refused_by_kubo(apart, product, folder):
    """Should Kubo once start on one, the advice in docs/decisions can be simpler."""
    view = folder / "view"
    if not apart.see_through(f"--bind '{product.blocks}' '{view}'", f"-o remount,bind,ro '{view}'"):
        return  # Nobody may mount here.
    for command in (["repo", "stat"], ["daemon"]):
        with pytest.raises(RuntimeError, match=r"failed to remove temporary directory: .*/\.temp: read-only file system"):
            apart.run(*command)


def test_overlay_serves_and_keeps_kubo_from_writing(apart, product, stored, folder):
    """What Kubo adds or collects is done to its own layer; the store is as it was, and what it adds is seen."""
    path, result = stored
    layers = ",".join(f"{name}={place}" for name, place in (
        ("lowerdir", product.blocks), ("upperdir", folder / "upper"), ("workdir", folder / "work")))
    if not apart.see_through(f"-t overlay overlay -o '{layers}' '{folder / 'view'}'"):
        return  # Nobody may mount here.
    before = tree_digest(product.blocks)
    assert_served(apart, result, path, folder / "out")
    other = folder / "other.bin"
    key_stream("other", 3 * MIB)(other)
    late, root = late_file(apart, folder)
    with apart.daemon():
        assert_served(apart, result, path, folder / "again")
        added = apart.add(other)
        assert apart.run("cat", added) == other.read_bytes()
        assert tree_digest(product.blocks) == before
        product.store(late, "late")
        before = tree_digest(product.blocks)
        assert apart.run("cat", root) == late.read_bytes()
        apart.run("repo", "gc")
    assert tree_digest(product.blocks) == before
    assert product.run("verify", "model")["isValid"] and product.run("verify", "late")["isValid"]
    # Collected is collected for Kubo, in its layer, until that is made anew.
    for lost in (root, result["rootCID"] + "/config.json"):
        with pytest.raises(RuntimeError, match="could not find"):
            apart.run("cat", lost)
