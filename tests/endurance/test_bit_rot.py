"""One flipped bit anywhere in a home: found and named, or harmless; never delivered, and never written over by a reader."""

import random
import shutil
import subprocess
from collections import Counter

import pytest
from product import LONG, Product, assert_same_tree, kill, tree_digest, trees

FLIPS = 10_000 if LONG else 120
CHUNK_SIZE = 4096
# What a home holds and how often it is hit; the rest of a hundred are blocks.
SHARES = {"ledger.db": 20, "state.db": 10, "keystore": 6, "quarantine": 4, "incoming": 4, "settings": 2}


@pytest.fixture
def sound(product, folder):
    """A home with two models that share blocks, a quarantined block and what a killed store left."""
    product.environment["MODEL_STORAGE_HOME"] = str(product.home)
    product.home.mkdir(mode=0o700)
    (product.home / "config.json").write_text('{"storage": {"chunkSize": %d}}' % CHUNK_SIZE)
    models = {"one": folder / "one", "two": folder / "two"}
    for seed, (name, path) in enumerate(models.items()):
        trees.folder_of(
            {
                "shared.bin": trees.noise(3 * CHUNK_SIZE, "shared"),
                "own.bin": trees.noise(5 * CHUNK_SIZE + 77, seed),
                "sub/config.json": trees.text('{"hidden_size": %d}' % seed),
                "sub/empty": trees.zeros(0),
            }
        )(path)
        product.store(path, name)
    chunk = product.run("info", "one", "--chunks")["chunks"][0]["cid"]
    product.damage(chunk)
    product.run("repair", "one", "--from", models["one"])
    assert any(path.is_file() for path in (product.home / "quarantine").rglob("*"))
    leave_a_dead_session(product)
    return product, models


def leave_a_dead_session(product):
    """A store of the standard input that is killed once blocks of it are in the home, while it waits for more."""
    source = random.Random(3)
    running = product.start("store", "-", "dead", stdin=subprocess.PIPE)
    while not any(path.is_file() and path.stat().st_size for path in (product.home / "tmp").rglob("*")):
        running.stdin.write(source.randbytes(16 * CHUNK_SIZE))
        running.stdin.flush()
    kill(running)


def files_by_kind(home):
    kinds = {kind: [] for kind in (*SHARES, "blocks")}
    for path in sorted(home.rglob("*")):
        if not path.is_file() or path.is_symlink() or path.stat().st_size == 0:
            continue
        name = path.relative_to(home)
        kind = {"tmp": "incoming", "config.json": "settings"}.get(name.parts[0], name.parts[0])
        if name.name == "SHARDING":
            kind = "settings"
        if kind not in ("locks", "reserve"):  # of no content
            kinds[kind].append(name)
    return kinds


def choose(chance, kinds):
    wanted = chance.choices([*SHARES, "blocks"], [*SHARES.values(), 100 - sum(SHARES.values())])[0]
    kind = wanted if kinds[wanted] else "blocks"
    return kind, chance.choice(kinds[kind])


def flip(path, chance):
    content = bytearray(path.read_bytes())
    at = chance.randrange(len(content) * 8)
    content[at // 8] ^= 1 << at % 8
    mode = path.stat().st_mode
    path.chmod(0o600)
    path.write_bytes(content)
    path.chmod(mode & 0o7777)
    return at


def what_readers_say(product, models):
    """Exit codes of check and of verify of each model; none of them may write."""
    before = tree_digest(product.home)
    checked = product.attempt("check", "--read-data")
    verified = {name: product.attempt("verify", name) for name in models}
    assert tree_digest(product.home) == before, "a reader wrote"
    return checked, verified


def deliver(product, models, folder):
    """How many models came out; each that does is whole, and each that does not leaves nothing."""
    delivered = 0
    for name, path in models.items():
        output = folder / f"out-{name}"
        ended = product.attempt("retrieve", name, output)
        if ended.code == 0:
            assert_same_tree(path, output)
            shutil.rmtree(output)
            delivered += 1
        else:
            assert not output.exists(), "a failed retrieve left its output"
    return delivered


def sign_with_what_is_left(rotten, publisher, folder):
    """A damaged key is refused, or it was not the key that was hit: never does another publisher come out."""
    path = folder / "new"
    path.write_text("something new")
    ended = rotten.attempt("store", path, "signed")
    assert ended.code != 0 or ended.result["publisher"] == publisher
    return ended.code != 0


def test_flipped_bits_are_found_or_harmless(sound, folder, chance, figures):
    product, models = sound
    kinds = files_by_kind(product.home)
    publisher = product.run("info", "one")["publisher"]
    assert all(kinds.values()), kinds
    found = Counter()
    for number in range(FLIPS):
        home = folder / "rotten"
        shutil.copytree(product.home, home, symlinks=True)
        rotten = Product(home)
        kind, name = choose(chance, kinds)
        at = flip(home / name, chance)
        where = f"flip {number}: bit {at} of {name}"
        checked, verified = what_readers_say(rotten, models)
        delivered = deliver(rotten, models, folder)
        refused = kind == "keystore" and sign_with_what_is_left(rotten, publisher, folder)
        is_found = refused or checked.code != 0 or any(ended.code != 0 for ended in verified.values())
        found[kind, "found" if is_found else "harmless"] += 1
        assert is_found or delivered == len(models), f"{where}: found by the retrieve alone"
        if kind == "blocks":
            assert checked.code == 4 and home / name in [rotten.block(cid) for cid in checked.result["badBlocks"]], f"{where}: check does not name the block"
        shutil.rmtree(home)
    for (kind, verdict), count in sorted(found.items()):
        figures(f"bit rot: {kind}: {count} {verdict}")
    figures(f"bit rot: {FLIPS} flips, 0 delivered, 0 written by readers")
