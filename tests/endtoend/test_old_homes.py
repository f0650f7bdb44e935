"""Homes that earlier versions wrote, kept in tests/fixtures: every later version opens them and says the same of them,
and what a still later version wrote is refused by its number and left as it is."""

import hashlib
import json
import sqlite3
import tarfile
from pathlib import Path

import pytest

from product import ROOT

FIXTURES = ROOT / "tests" / "fixtures"
HOMES = sorted(path.name[: -len(".json")] for path in FIXTURES.glob("home-v*.json"))


@pytest.fixture(params=HOMES)
def old(request, product):
    """A product whose home is a copy of the kept one, and what was said of it then."""
    with tarfile.open(FIXTURES / f"{request.param}.tar.gz") as archive:
        archive.extractall(product.home.parent)
    product.said = json.loads((FIXTURES / f"{request.param}.json").read_text())
    return product


def files_of(folder: Path) -> dict:
    """All that is kept; locks and the folder of unfinished work come and go."""
    kept = (path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).parts[0] not in ("locks", "tmp"))
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode) for path in sorted(kept)}


def assert_says(now, then, where=""):
    """Every key that was there is there with the same value; a later version may add keys."""
    if isinstance(then, dict):
        assert not set(then) - set(now), (where, sorted(set(then) - set(now)))
        for key, value in then.items():
            assert_says(now[key], value, f"{where}.{key}")
    elif isinstance(then, list):
        assert len(now) == len(then), where
        for index, value in enumerate(then):
            assert_says(now[index], value, f"{where}[{index}]")
    else:
        assert now == then, where


def digests(path: Path) -> dict:
    if path.is_file():
        return {"": hashlib.sha256(path.read_bytes()).hexdigest()}
    return {
        entry.relative_to(path).as_posix(): hashlib.sha256(entry.read_bytes()).hexdigest() if entry.is_file() else None
        for entry in path.rglob("*")
        if entry.is_file() or not any(entry.iterdir())
    }


def set_version(path: Path, version: int) -> None:
    database = sqlite3.connect(path)
    with database:
        database.execute(f"PRAGMA user_version = {version}")
    database.close()


def test_there_are_old_homes():
    assert HOMES


def test_an_old_home_says_the_same(old):
    assert_says(old.run("list", "--all"), old.said["list"])
    for ref, info in old.said["info"].items():
        assert_says(old.run("info", ref), info)
    assert [key["address"] for key in old.run("key", "list")["keys"]] == old.said["keys"]


def test_an_old_home_gives_its_models_back(old, folder):
    for index, (ref, files) in enumerate(old.said["files"].items()):
        assert old.run("verify", ref)["isValid"] is True
        old.run("retrieve", ref, folder / f"out{index}")
        assert digests(folder / f"out{index}") == files


def test_an_old_home_is_clean_and_reading_changes_nothing_of_it(old, folder):
    before = files_of(old.home)
    assert old.run("check", "--read-data")["isValid"] is True
    old.run("list")
    old.run("info", "single")
    old.run("verify", "org/folder")
    old.run("retrieve", "org/folder@1", folder / "out")
    assert files_of(old.home) == before


def test_an_old_home_is_written_on(old, model, folder):
    secret = folder / "password"
    secret.write_text("fixture")
    secret.chmod(0o600)
    assert old.store(model, "org/folder")["version"] == 3
    old.run("activate", "retired")
    assert old.run("info", "retired")["isActive"] is True
    protected = old.said["keys"][1]
    old.run("key", "password", protected, "--old-password-file", secret, "--password-file", secret)
    old.run("prune", "--yes")
    assert old.run("check", "--read-data")["isValid"] is True
    for ref in old.said["files"]:
        assert old.run("verify", ref)["isValid"] is True


COMMANDS = (
    ("list",),
    ("info", "single"),
    ("verify", "single"),
    ("retrieve", "single", "OUT"),
    ("store", "MODEL", "single"),
    ("deactivate", "single"),
    ("repair", "single"),
    ("remove", "single"),
    ("prune", "--yes"),
    ("check",),
)


def ends_of(old, folder, model):
    """How every command ends; OUT and MODEL stand for paths."""
    paths = {"OUT": folder / "out", "MODEL": model}
    return {command[0]: old.attempt(*(paths.get(word, word) for word in command)) for command in COMMANDS}


def test_a_ledger_of_a_later_version_is_refused_by_its_number_and_left_alone(old, folder, model):
    set_version(old.home / "ledger.db", 2)
    before = files_of(old.home)
    for command, ended in ends_of(old, folder, model).items():
        assert (ended.code, ended.reason) == (11, "ledger_version"), (command, ended)
        assert "version 2" in ended.error["message"] and "newer" in ended.error["hint"]
    assert files_of(old.home) == before
    assert not (folder / "out").exists()


def test_a_state_of_a_later_version_is_refused_by_its_number_and_left_alone(old, folder, model):
    set_version(old.home / "state.db", 2)
    before = (old.home / "state.db").read_bytes()
    blocks = len(old.block_files())
    ends = ends_of(old, folder, model)
    for command in ("store", "remove", "prune"):
        assert (ends[command].code, ends[command].reason) == (2, "state_version"), (command, ends[command])
        assert "version 2" in ends[command].error["message"] and "newer" in ends[command].error["hint"]
    assert all(ended.code == 0 or ended.reason == "state_version" for ended in ends.values()), ends
    assert (old.home / "state.db").read_bytes() == before
    assert len(old.block_files()) >= blocks


def test_blocks_in_another_layout_are_refused_and_left_alone(old, folder, model):
    path = old.blocks / "SHARDING"
    path.chmod(0o644)
    path.write_text("/repo/flatfs/shard/v1/next-to-last/3\n")
    before = files_of(old.home)
    ends = ends_of(old, folder, model)
    for command in ("verify", "retrieve", "store", "repair", "prune", "check"):
        assert ends[command].code != 0 and ends[command].reason == ends["store"].reason, (command, ends[command])
        assert "SHARDING" in ends[command].error["message"]
    assert {name: kept for name, kept in files_of(old.home).items() if name.startswith("blocks/")} == {
        name: kept for name, kept in before.items() if name.startswith("blocks/")
    }
