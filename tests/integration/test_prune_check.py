"""prune deletes what nothing refers to and nothing else; check sees what is wrong and writes nothing."""

import fcntl
import json
import os
import random
import shutil
import subprocess
import time

import pytest

from product import EMPTY_FOLDER, MIB, Product, binary, block_name, cid_text, kill, tree_digest, wait_for
from product.trees import sharing_model

HOUR = 3600


def names(product):
    return {path.name for path in product.block_files()}


@pytest.fixture
def two(product, folder):
    """Models a and b, which share 3 MiB."""
    return {name: product.store(sharing_model(folder / name, name, 3), name, "--digest") for name in ("a", "b")}


@pytest.fixture
def only_b(folder, two):
    """The names of all blocks of a store that never had anything but b."""
    fresh = Product(folder / "fresh")
    assert fresh.store(folder / "b", "b", "--digest")["manifestCID"] == two["b"]["manifestCID"]
    return names(fresh)


def parts_of(product, stored):
    """CIDs of the blocks of a model that have to be read to know what it is made of."""
    found = {"manifest": stored["manifestCID"], "root": stored["rootCID"]}
    # The links of the head, in canonical order of their keys: ext, info, root.
    head = product.block(stored["manifestCID"]).read_bytes()
    links = [cid_text(part[:36]) for part in head.split(b"\xd8\x2a\x58\x25\x00")[1:]]
    assert links[2] == stored["rootCID"]
    found["ext"], found["info"] = links[:2]
    files = product.run("info", stored["manifestCID"], "--files")["files"]
    found["file"] = next(file["cid"] for file in files if file["path"] == "own.bin")
    return found


# ---- prune


def test_an_empty_home_has_nothing_to_prune(product):
    result = product.run("prune")
    assert (result["removedModels"], result["freedBlocks"], result["freedBytes"], result["keptBlocks"]) == (0, 0, 0, 0)
    assert not product.blocks.exists()


def test_nothing_goes_as_long_as_nothing_was_removed(product, two):
    before = names(product)
    result = product.run("prune")
    assert (result["removedModels"], result["freedBlocks"]) == (0, 0)
    assert result["keptBlocks"] == len(before) and names(product) == before


def test_exactly_the_blocks_that_only_removed_models_reach_go(product, two, only_b):
    before = {path.name: path.stat().st_size for path in product.block_files()}
    product.run("remove", "a")
    assert names(product) == set(before)
    result = product.run("prune", "--yes")
    gone = set(before) - names(product)
    assert names(product) == only_b
    assert result["removedModels"] == 1
    assert result["freedBlocks"] == len(gone) > 0
    assert result["freedBytes"] == sum(before[name] for name in gone)
    assert result["keptBlocks"] == len(only_b)
    assert product.run("verify", "b")["isValid"]
    assert product.run("check", "--read-data")["isValid"]
    again = product.run("prune")
    assert (again["removedModels"], again["freedBlocks"]) == (0, 0)


def test_dry_run_says_the_same_and_deletes_nothing(product, two):
    product.run("remove", "a")
    before = names(product)
    planned = product.run("prune", "--dry-run")
    assert names(product) == before
    done = product.run("prune", "--yes")
    for key in ("removedModels", "freedBlocks", "freedBytes", "keptBlocks"):
        assert planned[key] == done[key], key


def test_a_model_that_is_stored_again_is_kept(product, folder, two):
    product.run("remove", "a")
    product.store(folder / "a", "a", "--digest")
    before = names(product)
    assert product.run("prune")["freedBlocks"] == 0
    assert names(product) == before
    product.run("remove", "a")
    product.run("prune", "--yes")
    assert product.store(folder / "a", "a", "--digest")["unchanged"] is True
    assert names(product) == before
    assert product.run("verify", "a")["isValid"] and product.run("info", "a")["isLocal"]


@pytest.mark.parametrize("is_damaged", [False, True])
def test_digests_of_the_unchanged_version_come_back(product, folder, is_damaged):
    """Asked for or not: the version that stands has them."""
    product.store(sharing_model(folder / "a", "a", 3), "b")
    before = names(product)
    stored = product.store(folder / "a", "a", "--digest")
    own = names(product) - before
    assert len(own) >= 3  # its manifest, the list and the digests
    if is_damaged:
        for path in product.block_files():
            if path.name in own:
                path.chmod(0o644)
                path.write_bytes(path.read_bytes()[:-1] + b"?")
    else:
        product.run("remove", "a")
        product.run("prune", "--yes")
        assert names(product) == before
    again = product.store(folder / "a", "a")
    assert again["unchanged"] is True and again["manifestCID"] == stored["manifestCID"]
    assert product.run("check", "--read-data")["isValid"]
    assert product.run("verify", "a")["isValid"] and product.run("verify", "b")["isValid"]


def test_lost_digests_say_nothing_of_the_next_version(product, folder):
    """A manifest follows from content and options, and not from what is here."""
    product.store(sharing_model(folder / "a", "a", 3), "a", "--digest")
    product.run("remove", "a")
    product.run("prune", "--yes")
    (folder / "a/new").write_text("new")
    stored = product.store(folder / "a", "a")
    assert stored["version"] == 2
    assert all(file["sha256"] is None for file in product.run("info", "a", "--files")["files"])
    other = Product(folder / "other")
    plain = other.store(folder / "a", "a")
    assert plain["manifestCID"] == stored["manifestCID"]
    product.run("prune")
    assert {path.name for path in other.block_files()} == names(product)


def test_inactive_and_revoked_models_are_kept(product, two):
    before = names(product)
    product.run("deactivate", "a")
    product.run("deactivate", "b", "--revoke", "--yes")
    assert product.run("prune")["freedBlocks"] == 0
    assert names(product) == before


def test_all_models_removed_leave_only_what_the_store_needs(product, two):
    product.run("remove", "a")
    product.run("remove", "b")
    ended = product.fail(2, "prune")
    assert ended.reason == "needs_yes" and "--yes" in ended.result["error"]["hint"]
    assert product.run("verify", two["a"]["manifestCID"])["isValid"]
    assert product.run("prune", "--yes")["removedModels"] == 2
    assert names(product) <= {product.block(EMPTY_FOLDER).name}


def test_up_to_half_of_the_store_goes_without_a_question(product, folder):
    sharing_model(folder / "large", "large", 8)
    product.store(folder / "large", "large")
    (folder / "small").write_bytes(b"small")
    product.store(folder / "small", "small")
    product.run("remove", "small")
    assert product.run("prune")["removedModels"] == 1
    assert product.run("verify", "large")["isValid"]


@pytest.mark.parametrize("how", ["damaged", "missing"])
@pytest.mark.parametrize("part", ["manifest", "info", "ext", "root", "file"])
def test_a_kept_model_that_cannot_be_read_stops_everything(product, two, part, how):
    cid = parts_of(product, two["b"])[part]
    product.run("remove", "a")
    if how == "damaged":
        product.damage(cid)
    else:
        product.lose(cid)
    before = tree_digest(product.blocks)
    if (part, how) == ("manifest", "missing"):
        # The record has the manifest too: its content is kept and nothing is lost by going on.
        product.run("prune", "--yes")
        product.run("repair", "b")
        assert product.run("verify", "b")["isValid"]
        return
    ended = product.fail(4, "prune", "--yes")
    assert ended.reason == "kept_unreadable"
    assert ended.result["error"]["cid"] == two["b"]["manifestCID"]
    assert ended.result["freedBlocks"] == 0
    assert tree_digest(product.blocks) == before
    product.run("remove", "b")
    assert product.run("prune", "--yes")["removedModels"] >= 1


def test_a_damaged_chunk_of_a_kept_model_is_no_reason_to_stop(product, folder, two):
    chunk = product.run("info", "b", "--chunks")["chunks"][0]["cid"]
    product.damage(chunk)
    product.run("remove", "a")
    assert product.run("prune", "--yes")["removedModels"] == 1
    assert product.block(chunk).exists()


@pytest.mark.parametrize("how", ["damaged", "missing"])
@pytest.mark.parametrize("part", ["manifest", "info", "ext", "root", "file"])
def test_what_can_be_reached_of_a_damaged_removed_model_goes(product, two, only_b, part, how):
    cid = parts_of(product, two["a"])[part]
    product.run("remove", "a")
    if how == "damaged":
        product.damage(cid)
    else:
        product.lose(cid)
    before = names(product)
    product.run("prune", "--yes")
    assert only_b <= names(product) < before
    assert not product.block(cid).exists()
    if part in ("manifest", "info"):
        assert names(product) == only_b  # the record leads on
    for path in product.block_files():
        os.utime(path, (time.time() - 2 * HOUR,) * 2)
    product.run("prune", "--orphans", "--yes")
    assert names(product) == only_b
    assert product.run("check", "--read-data")["isValid"]


def test_orphans_go_when_asked_for_and_old_enough(product, two):
    old, young = product.plant(b"an old orphan", 2 * HOUR), product.plant(b"a young orphan", HOUR // 2)
    kept = names(product) - {old.name}
    assert product.run("prune", "--yes")["freedBlocks"] == 0
    assert product.run("prune", "--orphans", "--dry-run")["freedBlocks"] == 1 and old.exists()
    result = product.run("prune", "--orphans")
    assert (result["freedBlocks"], result["freedBytes"]) == (1, len(b"an old orphan"))
    assert names(product) == kept and young.exists()


def test_orphans_are_never_blocks_of_a_model_whose_manifest_was_lost(product, two):
    product.lose(two["b"]["manifestCID"])
    for path in product.block_files():
        os.utime(path, (time.time() - 2 * HOUR,) * 2)
    product.run("prune", "--orphans", "--yes")
    product.run("repair", "b")
    assert product.run("verify", "b")["isValid"]
    assert product.run("info", "b")["isLocal"] is True


def test_in_a_store_that_others_use_there_are_no_orphans_and_only_ours_goes(product, two, only_b):
    theirs = product.plant(b"of another program", 2 * HOUR)
    theirs.chmod(0o644)
    (product.blocks / "_README").write_text("another program was here")
    before = names(product)
    assert product.fail(2, "prune", "--orphans", "--yes").reason == "store_shared"
    assert names(product) == before
    product.run("remove", "a")
    product.run("prune", "--yes")
    assert names(product) == only_b | {theirs.name}


def test_what_a_killed_store_left_behind_goes(product, folder, two, only_b):
    sharing_model(folder / "killed", "killed", 40)
    before = names(product)
    for size in (1, 9, 30):
        running = product.start("store", folder / "killed", "killed")
        left = product.home / "tmp"
        wait_for(
            lambda: running.poll() is not None
            or sum(path.stat().st_size for path in left.rglob("*") if path.is_file()) + len(names(product) - before) * MIB > size * MIB
        )
        kill(running)
        if "killed@1" not in product.listed():
            product.run("prune", "--yes")
            assert names(product) == before
            assert [path for path in left.rglob("*") if path.is_file()] == []
    if "killed@1" in product.listed():
        product.run("remove", "killed")
    product.run("remove", "a")
    product.run("prune", "--yes")
    assert names(product) == only_b


def test_a_dry_run_leaves_what_a_killed_store_goes_on_with(product, folder, two):
    sharing_model(folder / "killed", "killed", 40)
    product.run("remove", "a")
    left = product.home / "tmp"
    for _ in range(20):
        running = product.start("store", folder / "killed", "killed")
        wait_for(lambda: running.poll() is not None or any(left.glob("*/CIQ*")))
        kill(running)
        if any(left.glob("*/CIQ*")):
            break
    assert any(left.glob("*/CIQ*")), "every store was faster"
    before = tree_digest(product.home)
    planned = product.run("prune", "--dry-run")
    assert planned["freedBlocks"] > 0
    assert tree_digest(product.home) == before
    done = product.run("prune", "--yes")
    for key in ("removedModels", "freedBlocks", "freedBytes", "keptBlocks"):
        assert planned[key] == done[key], key


def test_prune_waits_for_readers_and_gives_up(product, two):
    reading = product.popen("retrieve", "b", "-", "--format", "tar", stderr=subprocess.DEVNULL)
    try:
        assert reading.stdout.read(1)
        product.run("remove", "a")
        before = names(product)
        ended = product.fail(8, "prune", "--yes")
        assert ended.result["error"]["code"] == "locked"
        assert names(product) == before
    finally:
        kill(reading)
    product.run("prune", "--yes")
    assert names(product) < before


def test_who_waits_says_for_what(product, folder, two):
    """As a prune holds the lock whose question stands unanswered."""
    commands = [
        ["store", folder / "two", "c"], ["verify", "b"], ["check"], ["info", "b"], ["retrieve", "b", folder / "out"],
    ]
    (folder / "two").write_bytes(b"two")
    with open(product.home / "locks" / "store", "r+") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        running = [product.popen(*command, stdout=subprocess.DEVNULL) for command in commands]
        try:
            for process in running:
                os.set_blocking(process.stderr.fileno(), False)
                heard = bytearray()
                wait_for(lambda: b"\n" in heard or heard.extend(process.stderr.read() or b""))
                assert heard == b"waiting for another command that uses this home (locks/store)\n", process.args
        except BaseException:
            for process in running:
                kill(process)
            raise
    for process in running:
        os.set_blocking(process.stderr.fileno(), True)
        _, notices = process.communicate(timeout=120)
        assert process.returncode == 0 and b"waiting" not in notices, process.args
    assert "waiting" not in product.attempt("check").notices


def test_a_killed_prune_is_finished_by_the_next(product, folder, two, only_b):
    source = random.Random(5)
    for round_ in range(6):
        product.run("remove", "a")
        running = product.start("prune", "--yes")
        time.sleep(source.random() * 0.03)
        kill(running)
        assert product.run("verify", "b")["isValid"], round_
        product.run("prune", "--yes")
        assert names(product) == only_b, round_
        product.store(folder / "a", "a", "--digest")
        assert product.run("verify", "a")["isValid"], round_


def race(product, folder, rounds):
    """One process removes and prunes while another stores: whatever was acknowledged last is whole."""
    for name in ("c", "d"):
        sharing_model(folder / name, name, 3)
    product.store(folder / "c", "kept")
    for round_ in range(rounds):
        storing = product.start("store", folder / "d", "d")
        pruning = product.start("prune", "--yes")
        stored, pruned = storing.communicate(), pruning.communicate()
        assert storing.returncode == 0, (round_, stored)
        assert pruning.returncode in (0, 8), (round_, pruned)
        assert product.run("verify", "d")["isValid"], round_
        assert product.run("verify", "kept")["isValid"], round_
        product.run("remove", "d")


def test_nothing_is_lost_when_store_and_prune_race(product, folder):
    race(product, folder, 25)


@pytest.mark.long
def test_nothing_is_lost_in_a_thousand_races(product, folder):
    race(product, folder, 1000)


def test_a_full_disk_can_be_pruned(folder):
    """A file system of its own with no byte free: only where the tests may mount one."""
    place = folder / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "none", str(place)], stderr=subprocess.DEVNULL)
    if mounted.returncode != 0:
        # Shown for every user by tests/unit/model/test_prune.c.
        return
    try:
        product = Product(place / "home")
        for name in ("a", "b"):
            product.store(sharing_model(folder / name, name, 3), name)
        product.run("remove", "a")
        with open(place / "rest", "wb", buffering=0) as rest:
            try:
                while True:
                    rest.write(bytes(4096))
            except OSError:
                pass
        assert os.statvfs(place).f_bavail == 0
        result = product.run("prune", "--yes")
        assert result["removedModels"] == 1 and result["freedBytes"] > 2 * MIB
        (place / "rest").unlink()
        assert product.run("check", "--read-data")["isValid"]
        assert product.run("verify", "b")["isValid"]
        assert product.run("prune")["removedModels"] == 0
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


# ---- check


def test_an_empty_home_is_valid_and_is_not_made(product):
    result = product.run("check", "--read-data")
    assert result["isValid"] and result["checkedBlocks"] == 0 and result["ledgerEntries"] == 0
    assert not product.home.exists()


def test_a_whole_store_is_valid(product, two):
    files = product.block_files()
    for options in ([], ["--read-data"]):
        result = product.run("check", *options)
        assert result["isValid"] is True
        assert result["checkedBlocks"] == len(files)
        assert result["checkedBytes"] == sum(path.stat().st_size for path in files)
        assert result["ledgerEntries"] == 2
        assert (result["badBlocks"], result["missingBlocks"], result["ledgerErrors"]) == ([], [], [])


@pytest.mark.parametrize("part", ["manifest", "info", "ext", "root", "file"])
def test_a_lost_part_is_named(product, two, part):
    cid = parts_of(product, two["b"])[part]
    product.lose(cid)
    result = product.fail(4, "check").result
    assert result["isValid"] is False and result["badBlocks"] == []
    assert [block_name(found) for found in result["missingBlocks"]] == [block_name(cid)]
    assert "repair" in result["error"]["hint"]


@pytest.mark.parametrize("part", ["manifest", "info", "ext", "root", "file"])
def test_a_damaged_part_is_named_without_reading_all_data(product, two, part):
    cid = parts_of(product, two["b"])[part]
    product.damage(cid)
    for options in ([], ["--read-data"]):
        result = product.fail(4, "check", *options).result
        assert [block_name(found) for found in result["badBlocks"]] == [block_name(cid)], options


def test_a_lost_chunk_is_named(product, two):
    cid = product.run("info", "b", "--chunks")["chunks"][1]["cid"]
    product.lose(cid)
    assert product.fail(4, "check").result["missingBlocks"] == [cid]


def test_a_changed_chunk_is_seen_when_data_is_read(product, two):
    cid = product.run("info", "b", "--chunks")["chunks"][1]["cid"]
    product.damage(cid)
    assert product.run("check")["isValid"]  # of the same size: only its bytes tell
    result = product.fail(4, "check", "--read-data").result
    assert result["badBlocks"] == [cid] and result["missingBlocks"] == []


@pytest.mark.parametrize("size", [0, 1, MIB - 1])
def test_a_chunk_of_another_size_is_seen_without_reading(product, two, size):
    cid = product.run("info", "b", "--chunks")["chunks"][0]["cid"]
    product.truncate(cid, size)
    assert product.fail(4, "check").result["badBlocks"] == [cid]


def test_a_removed_model_need_not_be_whole(product, two):
    product.run("remove", "a")
    product.lose(two["a"]["rootCID"])
    assert product.run("check")["isValid"]
    product.run("prune", "--yes")
    assert product.run("check", "--read-data")["isValid"]


def test_a_lost_blocks_folder_is_no_valid_store(product, two):
    shutil.rmtree(product.blocks)
    result = product.fail(4, "check").result
    found = {block_name(cid) for cid in result["missingBlocks"]}
    assert {block_name(two[name]["manifestCID"]) for name in two} <= found
    for name in two:
        product.run("remove", name)
    assert product.run("check")["isValid"]


def test_a_flipped_bit_in_the_ledger_is_seen(product, two):
    path = product.home / "ledger.db"
    whole = path.read_bytes()
    for at in random.Random(3).sample(range(len(whole)), 25):
        content = bytearray(whole)
        content[at] ^= 1 << at % 8
        path.write_bytes(content)
        ended = product.attempt("check")
        if ended.code == 0:
            # Not part of any row: then every record still says what it said.
            assert {model["manifestCID"] for model in product.run("list")["models"]} == {
                stored["manifestCID"] for stored in two.values()
            }, at
        else:
            assert ended.code in (4, 11), (at, ended.result)
    path.write_bytes(whole)
    assert product.run("check")["isValid"]


def test_a_fault_of_the_ledger_is_listed_once(product, two):
    ledger = product.home / "ledger.db"
    good = ledger.read_bytes()
    for page in range(1, len(good) // 4096):
        bad = bytearray(good)
        bad[page * 4096 + 4000] ^= 1
        ledger.write_bytes(bad)
        faults = product.fail(4, "check").result["ledgerErrors"]
        assert faults and len(faults) == len(set(faults)), page


def test_check_writes_nothing_whatever_it_finds(product, two):
    product.damage(parts_of(product, two["a"])["file"])
    product.lose(two["b"]["rootCID"])
    product.plant(b"an orphan", 2 * HOUR)
    before = tree_digest(product.home)
    product.fail(4, "check")
    product.fail(4, "check", "--read-data")
    assert tree_digest(product.home) == before


def test_a_home_that_cannot_be_written_can_be_checked(product, two, folder):
    as_somebody = {}
    if os.geteuid() == 0:  # whom no mode stops
        folder.chmod(0o755)
        subprocess.run(["chown", "-R", "65534:65534", str(product.home)], check=True)
        as_somebody = {"user": 65534, "group": 65534, "extra_groups": []}
    program = shutil.copy(binary(), folder / "program")
    subprocess.run(["chmod", "-R", "a-w", str(product.home)], check=True)
    ended = subprocess.run(
        [str(program), "--json", "--home", str(product.home), "check", "--read-data"],
        stdout=subprocess.PIPE,
        env={**product.environment, "HOME": str(folder)},
        **as_somebody,
    )
    subprocess.run(["chmod", "-R", "u+w", str(product.home)], check=True)
    assert ended.returncode == 0, ended.stdout
    assert json.loads(ended.stdout)["isValid"] is True
