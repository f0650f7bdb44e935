"""What files and blocks of strangers claim is never believed and never obeyed."""

import hashlib
import json
import os

import pytest
from product import MIB, Product

from hostile import craft
from hostile.yard import each, snapshot

EVIL = b"evil"


@pytest.fixture
def filled(product, folder):
    """A store that is there, without anything of interest."""
    (folder / "first").write_text("first")
    product.store(folder / "first", "first")
    return product


def delivered(product, cid, out) -> tuple:
    """The exit code of a retrieve, and the bytes of the file x that it made, if any."""
    ended = product.attempt("retrieve", cid, out)
    path = out / "x" if out.is_dir() else out
    return ended.code, path.read_bytes() if path.exists() else None


def test_claimed_sizes_of_links_are_never_trusted(filled, yard):
    """Tsize: whatever it says, the right bytes come out or none do."""
    leaf = craft.put(filled, craft.RAW, EVIL)

    def attack(size):
        cid = craft.manifest(filled, craft.folder(filled, [(b"x", leaf, size)]), [EVIL])
        code, came = delivered(filled, cid, yard.target / f"o{size}")
        return "" if (code, came) == (0, EVIL) or code in (4, 11, 12) and came is None else f"{size}: {code} {came}"

    assert each([0, 1, 3, 4, 5, 2 * MIB, 2 * MIB + 1, 1 << 31, 1 << 32, (1 << 62) + 4, (1 << 63) - 1], attack) == []
    yard.assert_untouched()


def file_node(product, children, size=None, sizes=None, data=b"") -> str:
    """A file of (CID, size), which may claim other sizes."""
    claimed = [each_size for _, each_size in children] if sizes is None else sizes
    message = craft.field(1, 2) + (craft.field(2, data) if data else b"")
    message += craft.field(3, sum(claimed) + len(data) if size is None else size)
    message += b"".join(craft.field(4, each_size) for each_size in claimed)
    links = b"".join(craft.link(cid, b"", each_size) for cid, each_size in children)
    return craft.put(product, craft.DAG_PB, links + craft.field(1, message))


def test_files_that_lie_about_their_parts_are_refused(filled, yard):
    leaf = craft.put(filled, craft.RAW, EVIL)
    long = craft.put(filled, craft.RAW, EVIL * 1000)
    good = file_node(filled, [(leaf, 4), (leaf, 4)])
    missing = craft.put(Product(yard.root / "home" / "elsewhere"), craft.RAW, b"not here")
    symlink = craft.put(filled, craft.DAG_PB, craft.field(1, craft.field(1, 4) + craft.field(2, b"/etc/passwd")))
    folder = craft.folder(filled, [(b"x", leaf, 4)])
    rows = {
        "the whole, truly": (good, [EVIL, EVIL], 0),
        "size too small": (file_node(filled, [(leaf, 4), (leaf, 4)], size=7), [EVIL, EVIL], 11),
        "size too large": (file_node(filled, [(leaf, 4), (leaf, 4)], size=9), [EVIL, EVIL], 11),
        "first part longer than said": (file_node(filled, [(leaf, 4), (leaf, 4)], sizes=[3, 5]), [EVIL, EVIL], 4),
        "first part shorter than said": (file_node(filled, [(leaf, 4), (leaf, 4)], sizes=[5, 3]), [EVIL, EVIL], 4),
        "another part": (file_node(filled, [(leaf, 4), (long, 4)]), [EVIL, EVIL], 4),
        "part missing": (file_node(filled, [(leaf, 4), (missing, 8)]), [EVIL, b"not here"], 4),
        "bytes of its own": (file_node(filled, [(leaf, 4), (leaf, 4)], data=b"own"), [EVIL, EVIL], 11),
        "a symbolic link": (symlink, [b"/etc/passwd"], 11),
        "a file of a symbolic link": (file_node(filled, [(symlink, 11)]), [b"/etc/passwd"], 11),
        "a file of a folder": (file_node(filled, [(folder, 4)]), [EVIL], 11),
        "a file of a sized file": (file_node(filled, [(good, 7), (leaf, 4)]), [EVIL] * 3, 11),
        "sizes that wrap": (file_node(filled, [(leaf, 4)] * 3, size=0, sizes=[(1 << 63) - 1, (1 << 63) - 1, 2]), [EVIL] * 3, 11),
    }

    def attack(row):
        what, (root, chunks, expected) = row
        for number, cid in enumerate((craft.manifest(filled, root, chunks), root)):
            out = yard.target / f"{what} {number}".replace(" ", "-")
            ended = filled.attempt("retrieve", cid, out)
            if expected == 0:
                right = ended.code == 0 and out.read_bytes() == b"".join(chunks)
            else:
                right = ended.code in (4, 11, 12) and not os.path.lexists(out)
            if not right:
                return f"{what}: {ended.code} {ended.error}"
        return ""

    assert each(rows.items(), attack) == []
    # Blocks that a liar points to belong to others as well: none of them is moved away.
    assert list((filled.home / "quarantine").iterdir()) == []
    yard.assert_untouched()


def test_manifests_that_lie_about_their_model_are_refused(filled, yard):
    leaf = craft.put(filled, craft.RAW, EVIL)
    root = craft.folder(filled, [(b"x", leaf, 4), (b"y", leaf, 4)])
    chunks = [EVIL, EVIL]
    true_root = craft.chunk_root(hashlib.sha256(chunk).digest() for chunk in chunks)
    rows = {
        "the truth": ({}, 0),
        "one byte less": ({"size": 7}, 4),
        "one byte more": ({"size": 9}, 4),
        "one chunk less": ({"count": 1}, 4),
        "one chunk more": ({"count": 3}, 4),
        "everything": ({"size": (1 << 63) - 1, "count": (1 << 63) - 1}, 4),
        "another chunk root": ({"tree": bytes(32)}, 4),
        "a chunk root with one bit more": ({"tree": bytes([true_root[0] ^ 1]) + true_root[1:]}, 4),
    }

    def attack(row):
        what, (claims, expected) = row
        cid = craft.manifest(filled, root, chunks, **claims)
        out = yard.target / what.replace(" ", "-")
        ended = filled.attempt("retrieve", cid, out)
        verified = filled.attempt("verify", cid)
        right = ended.code == 0 if expected == 0 else ended.code in (4, 9, 11, 12) and not out.exists()
        agrees = (verified.code == 0) == (expected == 0)
        return "" if right and agrees else f"{what}: {ended.code} {ended.error} {verified.code}"

    assert each(rows.items(), attack) == []
    yard.assert_untouched()


def test_metadata_is_shown_however_long_it_becomes_as_json(product, folder):
    """A byte of the block that says "no bytes" is nineteen of JSON: nothing that the format allows is too much to be shown."""
    chunk = b"x"
    leaf = craft.put(product, craft.RAW, chunk)
    count = MIB - 100
    cid = craft.manifest(product, leaf, [chunk], metadata={"a": [b""] * count})
    product.run("retrieve", cid, folder / "out")
    shown = product.run("info", cid)["metadata"]
    assert list(shown) == ["a"] and len(shown["a"]) == count and all(value == {"/": {"bytes": ""}} for value in shown["a"])
    assert product.call("info", cid).returncode == 0


def test_no_text_of_a_manifest_ends_before_it_ends(product, folder):
    """What stands behind a NUL would be seen by no one."""
    chunk = b"x"
    leaf = craft.put(product, craft.RAW, chunk)
    for key in ("name", "chunker", "description"):
        cid = craft.manifest(product, leaf, [chunk], **{key: "good\0evil"})
        for command in (("info", cid), ("verify", cid), ("retrieve", cid, folder / "out")):
            assert product.fail(11, *command).reason == "info_text_nul", (key, command)
    assert not (folder / "out").exists()


@pytest.mark.parametrize("sample", [1, 1 << 20, (1 << 63) - 2])
def test_a_sample_of_chunks_that_are_only_claimed_is_no_work(filled, sample):
    """Neither time nor memory for more chunks than there are."""
    root = craft.folder(filled, [(b"x", craft.put(filled, craft.RAW, EVIL), 4)])
    cid = craft.manifest(filled, root, [EVIL], size=(1 << 63) - 1, count=(1 << 63) - 1)
    ended = filled.fail(4, "verify", cid, "--sample", sample)
    assert ended.reason == "block_damaged" and ended.result["checkedChunks"] <= 1


def test_a_folder_with_twins_is_refused(filled, yard):
    leaf = craft.put(filled, craft.RAW, EVIL)
    pairs = [(b"a", b"a"), (b"A", b"a"), ("\u00e9".encode(), "e\u0301".encode()), ("stra\u00dfe".encode(), b"STRASSE"), (b"K", "\u212a".encode())]

    def attack(pair):
        root = craft.folder(filled, [(pair[0], leaf, 4), (pair[1], leaf, 4)])
        out = yard.target / str(pairs.index(pair))
        ended = filled.attempt("retrieve", craft.manifest(filled, root, [EVIL, EVIL]), out)
        refused = ended.code == 11 and ended.reason in ("path_twins", "path_repeated") and not out.exists()
        return "" if refused else f"{pair}: {ended.code} {ended.reason}"

    assert each(pairs, attack) == []


HOSTILE_CONFIG = {
    "model_type": "llama",
    "auto_map": {"AutoModel": "evil.py--Model"},
    "trust_remote_code": True,
    "_attn_implementation_internal": "evil/kernel",
    "storage": {"home": "/tmp/elsewhere", "parallel": 1, "chunkSize": "4KiB"},
    "ipfs": {"host": "http://203.0.113.7:5001", "gateways": ["http://203.0.113.7"]},
    "blockchain": {"privateKey": "11" * 32, "rpcUrl": ["http://203.0.113.7:8545"], "chainId": 666, "contractAddress": "0x" + "22" * 20},
    "chains": {"evil": {"rpcUrl": ["http://203.0.113.7:8545"]}},
}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(HOSTILE_CONFIG),
        '{"storage":' * 100000,
        "\ufeff{}",
        '{"storage": {"home": "a", "home": "b"}}',
        "\x1b]0;title\x07",
        '{"chat_template": "{{ cycler.__init__.__globals__.os.popen(\'id\').read() }}"}',
    ],
    ids=["sections", "deep", "mark", "twice", "escapes", "template"],
)
def test_files_of_a_model_that_look_like_ours_change_nothing(product, yard, text):
    """From inside the folder, as `store .`; the root is the one that the same bytes have anywhere."""
    model = yard.target / "model"
    model.mkdir()
    for name in ("config.json", ".env", "model-storage.json", "keystore", "ledger.db", "state.db", "default", "SHARDING"):
        (model / name).write_text(text)
    elsewhere = Product(yard.root / "home" / "other")
    (model / "run.py").write_text("import os; os.system('touch /tmp/evil')")
    product.folder = model
    before = snapshot(model)
    stored = product.run("store", ".", "m")
    assert snapshot(model) == before
    assert stored["rootCID"] == elsewhere.store(model, "m")["rootCID"]
    assert stored["publisher"] != elsewhere.run("info", "m")["publisher"]
    values = product.run("config")["values"]
    assert {key for key, value in values.items() if value["origin"] != "default"} <= {"storage.home"}, values
    product.run("retrieve", "m", yard.target / "out")
    assert product.run("verify", "m", yard.target / "out")["isValid"]
    assert not any(path.stat().st_mode & 0o111 for path in (yard.target / "out").iterdir())
    yard.assert_untouched()
