"""What the product itself keeps, come back from somewhere else: cut, changed, of a later version, or no file at all. Whatever stands
there, commands end by themselves with an exit code of their list, deliver nothing wrong and follow no link."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from product import LONG, MIB, Product, wait_for

from hostile.test_targets import PLANTS, clear, is_whole, plant_hard_link
from hostile.yard import each, snapshot

CODES = (0, 2, 3, 4, 5, 8, 9, 10, 11, 12)
CONTENT = {"a": random.Random(3).randbytes(3000), "sub/b": random.Random(4).randbytes(1000), "sub/empty": b""}
LINKS = [plant for plant in PLANTS if plant is not plant_hard_link]


class Kept:
    """A home with one model, kept as a master copy of which each attack gets its own."""

    def __init__(self, root: Path):
        self.root = root
        self.source = root / "source"
        for name, content in CONTENT.items():
            (self.source / name).parent.mkdir(parents=True, exist_ok=True)
            (self.source / name).write_bytes(content)
        self.master = Product(root / "master")
        self.stored = self.master.store(self.source, "m")
        self.stranger = root / "stranger"
        (self.stranger / "0123456789abcdef").mkdir(parents=True)
        (self.stranger / "0123456789abcdef" / "file").write_text("untouched")
        (self.stranger / "file").write_text("untouched")
        self.count = 0

    def copy(self) -> Product:
        self.count += 1
        home = self.root / f"home{self.count}"
        shutil.copytree(self.master.home, home, symlinks=True)
        return Product(home)

    def use(self, product: Product, *commands) -> list:
        """Run commands on a home that was tampered with, "out" being a place for an output; what went wrong."""
        out = product.home.with_name(product.home.name + "-out")
        wrong = []
        for command in commands or (
            ("list",),
            ("retrieve", "m", "out"),
            ("check",),
            ("prune", "--yes"),
            ("store", self.source / "a", "other"),
        ):
            ended = product.attempt(*(out if part == "out" else part for part in command))
            if ended.code not in CODES:
                wrong.append((command, ended))
            if command[0] == "retrieve" and ended.code == 0 and not is_whole(out, self.source):
                wrong.append((command, "delivered another tree"))
            if command[0] == "retrieve" and ended.code != 0 and out.exists():
                wrong.append((command, ended.code, "left something"))
        clear(out)
        return wrong


@pytest.fixture
def kept(folder):
    return Kept(folder)


def own_files(kept: Kept) -> dict:
    """One of each kind, by what it is."""
    home = kept.master.home
    chunk = kept.master.run("info", "--chunks", "m")["chunks"][0]["cid"]
    found = {
        "ledger": home / "ledger.db",
        "state": home / "state.db",
        "chunk": kept.master.block(chunk),
        "node": kept.master.block(kept.stored["rootCID"]),
        "manifest": kept.master.block(kept.stored["manifestCID"]),
        "key": next(path for path in (home / "keystore").iterdir() if path.name.startswith("UTC")),
        "default": home / "keystore" / "default",
        "sharding": home / "blocks" / "SHARDING",
        "lock of the store": home / "locks" / "store",
        "lock of sessions": home / "locks" / "sessions",
        "lock of the ledger": home / "locks" / "ledger",
        "lock of the state": home / "locks" / "state",
        "lock of the keys": home / "locks" / "keystore",
    }
    assert all(path.is_file() for path in found.values()), found
    return {what: path.relative_to(home) for what, path in found.items()}


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__[6:])
def test_a_file_of_ours_that_is_something_else_is_not_followed_and_not_waited_for(kept, plant):
    def attack(row):
        what, path = row
        product = kept.copy()
        (product.home / path).unlink()
        plant(product.home / path, kept.stranger / "file")
        wrong = kept.use(product)
        clear(product.home)
        return f"{what}: {wrong}" if wrong else ""

    files = list(own_files(kept).items())
    before = snapshot(kept.stranger)
    assert each(files, attack) == []
    assert snapshot(kept.stranger) == before


def test_a_file_of_ours_that_is_a_folder_is_refused(kept):
    def attack(row):
        what, path = row
        product = kept.copy()
        (product.home / path).unlink()
        (product.home / path / "inside").mkdir(parents=True)
        wrong = kept.use(product)
        if not (product.home / path / "inside").is_dir() and not list((product.home / "quarantine").glob("*/inside")):
            moved = [str(place) for place in product.home.rglob("inside")]
            wrong += [] if moved else ["the folder is gone"]
        clear(product.home)
        return f"{what}: {wrong}" if wrong else ""

    assert each(own_files(kept).items(), attack) == []


@pytest.mark.parametrize("name", ["state.db-journal", "ledger.db-journal", "state.db-wal", "ledger.db-wal"])
def test_what_is_in_the_way_of_a_database_is_named(kept, name):
    product = kept.copy()
    path = product.home / name
    path.mkdir() if name.endswith("-journal") else path.write_bytes(b"garbage")
    for command in (["list"], ["store", kept.source / "a", "other"]):
        ended = product.fail(9, *command)
        assert ended.reason == "database_blocked" and ended.error["path"] == str(path), command
        assert name in ended.error["message"] and "away" in ended.error["hint"], command
        assert ("may be lost" in ended.error["hint"]) == name.startswith("state"), command
    path.rmdir() if name.endswith("-journal") else path.unlink()
    assert kept.use(product) == []


@pytest.mark.parametrize("plant", LINKS, ids=lambda plant: plant.__name__[6:])
def test_a_folder_of_ours_that_is_something_else_leads_nowhere(kept, plant):
    """Blocks and keys may be meant to lie elsewhere; then what else is there stays as it is."""
    shard = kept.master.block(kept.stored["rootCID"]).parent.name

    def attack(name):
        product = kept.copy()
        other = kept.root / "others" / name.replace("/", "-")
        shutil.copytree(kept.stranger, other)
        before = snapshot(other)
        clear(product.home / name)
        plant(product.home / name, other)
        wrong = kept.use(product)
        after = snapshot(other)
        if {path: seen for path, seen in after.items() if path in before} != before:
            wrong.append("the stranger was changed")
        if after != before and name not in ("blocks", "keystore"):
            wrong.append(f"the stranger got {set(after) - set(before)}")
        clear(product.home)
        return f"{name}: {wrong}" if wrong else ""

    assert each(["blocks", "keystore", "locks", "tmp", "quarantine", f"blocks/{shard}"], attack) == []


# How far apart the places are at which a file is cut or changed in short runs; in long ones it is every byte of the small ones.
STRIDES = {"chunk": 997, "node": 61, "manifest": 71, "key": 151, "default": 17, "sharding": 17, "ledger": 16381, "state": 16381}


def cuts(content: bytes):
    return lambda at: content[:at]


def zero_tail(content: bytes):
    return lambda at: content[:at] + b"\0" * (len(content) - at)


def flips(content: bytes):
    return lambda at: content[:at] + bytes([content[at] ^ 0x20]) + content[at + 1 :]


@pytest.mark.parametrize("damage", [cuts, zero_tail, flips], ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("what", list(STRIDES))
def test_a_damaged_file_of_ours_never_gives_other_bytes(kept, what, damage):
    path = own_files(kept)[what]
    content = (kept.master.home / path).read_bytes()
    change = damage(content)
    keys = (("key", "list"), ("store", kept.source / "a", "other"), ("retrieve", "m", "out"))
    others = (("info", "m"), ("retrieve", "m", "out"), ("check",))

    def attack(at):
        product = kept.copy()
        place = product.home / path
        mode = place.stat().st_mode
        place.chmod(0o600)
        place.write_bytes(change(at))
        place.chmod(mode)
        wrong = kept.use(product, *(keys if what in ("key", "default") else others))
        clear(product.home)
        return f"at {at}: {wrong}" if wrong else ""

    stride = STRIDES[what] if not LONG else 1 if len(content) < 1000 else max(STRIDES[what] // 16, 1)
    assert each(range(0, len(content), stride), attack) == []


@pytest.mark.parametrize("name", ["ledger.db", "state.db"])
def test_a_file_of_a_later_version_is_left_alone(kept, name):
    """The ledger is refused by name; the state may be done without, and is not written anew."""
    product = kept.copy()
    database = sqlite3.connect(product.home / name)
    (version,) = database.execute("PRAGMA user_version").fetchone()
    database.execute(f"PRAGMA user_version = {version + 1}")
    database.commit()
    database.close()
    before = (product.home / name).read_bytes()
    for command in (("list",), ("retrieve", "m", kept.root / "out"), ("store", kept.source / "a", "other")):
        ended = product.attempt(*command)
        assert ended.code in CODES and (name != "ledger.db" or ended.code != 0), (command, ended)
        if name == "ledger.db":
            assert "version" in ended.error["message"] or "newer" in ended.error["message"], ended
    assert (product.home / name).read_bytes() == before


def test_what_stands_among_our_temporary_files_is_not_followed(kept):
    """Leftovers that are links, fifos and folders: a later run clears or ignores them."""

    def attack(row):
        plant, place = row
        product = kept.copy()
        (product.home / place).parent.mkdir(parents=True, exist_ok=True)
        plant(product.home / place, kept.stranger / "file")
        wrong = kept.use(product, ("store", kept.source / "a", "other"), ("prune", "--yes"), ("check",))
        if product.attempt("verify", "m").code != 0:
            wrong.append("the model is no longer whole")
        clear(product.home)
        return f"{plant.__name__} {place}: {wrong}" if wrong else ""

    places = ("tmp/planted", "tmp/0123456789abcdef/planted", "tmp/0123456789abcdef", "blocks/XX/planted", "quarantine/planted")
    before = snapshot(kept.stranger)
    assert each([(plant, place) for plant in LINKS for place in places], attack) == []
    assert snapshot(kept.stranger) == before


def test_a_home_that_is_no_folder_is_refused(kept):
    home = kept.root / "elsewhere"
    before = snapshot(kept.stranger)
    for plant in LINKS:
        plant(home, kept.stranger / "file")
        assert kept.use(Product(home), ("list",), ("store", kept.source, "m"), ("check",), ("prune", "--yes"), ("config",)) == []
        os.unlink(home)
    assert snapshot(kept.stranger) == before


def test_a_home_that_is_moved_meanwhile_is_no_success(product, folder):
    """The blocks go where it is now, the record would go where it was."""
    away = folder / "away"
    content = os.urandom(3 * MIB)
    running = product.start("store", "-", "m", stdin=subprocess.PIPE)
    running.stdin.write(content[:MIB])
    running.stdin.flush()
    wait_for(lambda: list(product.home.glob("tmp/*")))
    product.home.rename(away)
    output, _ = running.communicate(content[MIB:])
    failed = json.loads(output)
    assert running.returncode == 9 and failed["error"]["reason"] == "home_moved", failed
    assert not (product.home / "ledger.db").exists()
    shutil.rmtree(product.home, ignore_errors=True)
    away.rename(product.home)
    product.run("store", "-", "m", stdin=content)
    assert product.run("verify", "m")["isValid"] and product.run("check", "--read-data")["isValid"]
