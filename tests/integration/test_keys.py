"""Keys in keystore V3 files: made, imported, exported, chosen and given a password."""

import contextlib
import fcntl
import json
import os
import stat

import pytest

from product import Product, converse

# Address of the private key 1: known to everybody, used by nobody.
ONE = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
ONE_DIGITS = "%064x" % 1


def secret_file(folder, name, text):
    path = folder / name
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


def key_files(product):
    return sorted(path for path in (product.home / "keystore").iterdir() if path.name.startswith("UTC--"))


def only_key(result):
    assert len(result["keys"]) == 1, result
    return result["keys"][0]


def test_a_home_that_is_not_there_has_no_keys_and_is_not_made(product):
    assert product.run("key", "list")["keys"] == []
    assert not product.home.exists()


def test_the_first_key_becomes_the_default(product):
    first = only_key(product.run("key", "new"))
    assert first["isDefault"] is True and first["protected"] is False
    second = only_key(product.run("key", "new"))
    assert second["isDefault"] is False and second["address"] != first["address"]
    keys = product.run("key", "list")["keys"]
    assert {key["address"]: key["isDefault"] for key in keys} == {first["address"]: True, second["address"]: False}


def test_key_files_are_for_their_owner_only(product):
    key = only_key(product.run("key", "new"))
    path = product.home / "keystore"
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE(os.stat(key["path"]).st_mode) == 0o600
    content = json.loads(open(key["path"]).read())
    assert content["version"] == 3
    assert content["address"].lower().replace("0x", "") == key["address"][2:].lower()


def test_the_first_store_makes_a_key_and_says_so(product, tree):
    ended = product.attempt("store", str(tree), "m")
    assert ended.code == 0
    key = only_key(product.run("key", "list"))
    assert key["address"] == ended.result["publisher"] and key["isDefault"] is True
    assert "made the key " + key["address"] in ended.notices
    assert "made the key" not in product.attempt("store", str(tree), "m").notices


def test_hex_digits_are_imported_from_a_file_of_ours_alone(product, folder):
    path = secret_file(folder, "key.hex", ONE_DIGITS + "\n")
    os.chmod(path, 0o640)
    assert product.fail(10, "key", "import", path).reason == "keystore_file_loose"
    assert product.run("key", "list")["keys"] == []
    os.chmod(path, 0o600)
    key = only_key(product.run("key", "import", path))
    assert key["address"] == ONE and key["isDefault"] is True
    assert product.fail(2, "key", "import", path).reason == "key_exists"
    assert len(key_files(product)) == 1


@pytest.mark.parametrize("text", ["0x" + ONE_DIGITS, ONE_DIGITS.upper(), ONE_DIGITS + "\r\n"])
def test_every_spelling_of_hex_digits_is_taken(product, folder, text):
    assert only_key(product.run("key", "import", secret_file(folder, "key.hex", text)))["address"] == ONE


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "00" * 32,  # no key: zero
        "ff" * 32,  # no key: above the order of the group
        ONE_DIGITS[:-1],
        ONE_DIGITS + "0",
        "g" + ONE_DIGITS[1:],
        '{"version": 3, "crypto": ',
    ],
)
def test_what_is_no_key_is_not_imported(product, folder, text):
    ended = product.attempt("key", "import", secret_file(folder, "key", text))
    assert ended.code in (10, 11), ended.result
    assert text == "" or ONE_DIGITS not in json.dumps(ended.result) + ended.notices
    assert product.run("key", "list")["keys"] == []


def test_a_link_is_no_file_to_import(product, folder):
    target = secret_file(folder, "key.hex", ONE_DIGITS)
    (folder / "link").symlink_to(target)
    assert product.fail(10, "key", "import", str(folder / "link")).reason == "keystore_file_kind"
    product.fail(5, "key", "import", str(folder / "nothing"))


def test_exported_and_imported_elsewhere_it_is_the_same_key(product, folder, tree):
    address = product.store(tree, "m")["publisher"]
    out = folder / "exported.json"
    assert only_key(product.run("key", "export", str(out)))["address"] == address
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    other = Product(folder / "other")
    assert only_key(other.run("key", "import", str(out)))["address"] == address
    assert other.store(tree, "m")["publisher"] == address


def test_export_never_overwrites(product, folder):
    product.run("key", "new")
    out = folder / "exported.json"
    out.write_text("mine")
    product.fail(9, "key", "export", str(out))
    assert out.read_text() == "mine"
    (folder / "link").symlink_to(folder / "elsewhere")
    assert product.attempt("key", "export", str(folder / "link")).code == 9
    assert not (folder / "elsewhere").exists()


def test_export_says_where_to_and_why_not(product, folder):
    address = only_key(product.run("key", "new"))["address"]
    product.folder = folder
    assert product.call("key", "export", "copy").stdout.decode() == f"Exported {address} to copy\n"
    ended = product.fail(9, "key", "export", "none/copy")
    assert ended.reason == "key_file_place" and ended.error["path"] == "none/copy"
    assert "none/copy" in ended.error["message"] and "temporary" not in ended.error["message"]
    assert product.fail(2, "key", "export", "").reason == "key_file"
    assert product.fail(2, "key", "import", "").reason == "key_file"
    assert product.fail(2, "key", "export", "-").reason == "operands"
    assert product.fail(2, "key", "import", "-").reason == "operands"
    assert sorted(os.listdir(folder)) == ["copy", "home"]


def test_export_names_the_key(product, folder):
    product.run("key", "new")
    second = only_key(product.run("key", "new"))["address"]
    out = folder / "second.json"
    assert only_key(product.run("key", "export", second, str(out)))["address"] == second
    assert json.loads(out.read_text())["address"].lower().replace("0x", "") == second[2:].lower()
    product.fail(5, "key", "export", ONE, str(folder / "third.json"))
    assert not (folder / "third.json").exists()


def test_the_default_key_publishes(product, folder, tree):
    first = only_key(product.run("key", "new"))["address"]
    product.run("key", "import", secret_file(folder, "key.hex", ONE_DIGITS))
    assert product.store(tree, "m")["publisher"] == first
    keys = product.run("key", "default", ONE)["keys"]
    assert {key["address"] for key in keys if key["isDefault"]} == {ONE}
    assert product.store(tree, "m")["publisher"] == ONE
    assert product.run("info", f"{first}/m")["version"] == 1
    assert product.run("info", "m")["publisher"] == ONE


def test_a_default_must_be_held_here(product):
    address = only_key(product.run("key", "new"))["address"]
    assert product.fail(5, "key", "default", ONE).reason == "key_unknown"
    assert product.fail(2, "key", "default", "0x1234").reason == "key_address"
    assert [key["address"] for key in product.run("key", "list")["keys"] if key["isDefault"]] == [address]


def test_a_password_protects_the_key(product, folder, tree):
    address = product.store(tree, "m")["publisher"]
    (old,) = key_files(product)
    password = secret_file(folder, "password", "correct horse\n")
    key = only_key(product.run("key", "password", "--password-file", password))
    assert key["address"] == address and key["protected"] is True and key["isDefault"] is True
    (new,) = key_files(product)
    assert json.loads(new.read_text())["crypto"]["kdfparams"]["n"] >= 1 << 17
    assert old == new or not old.exists()
    (tree / "more").write_text("more")
    assert product.fail(10, "store", str(tree), "m").reason
    wrong = secret_file(folder, "wrong", "wrong\n")
    product.fail(10, "store", "--password-file", wrong, str(tree), "m")
    assert product.run("store", "--password-file", password, str(tree), "m")["version"] == 2
    assert product.run("info", "m")["version"] == 2  # reading needs no password


def test_a_password_is_changed_with_the_old_one(product, folder):
    first = secret_file(folder, "first", "first")
    second = secret_file(folder, "second", "second")
    address = only_key(product.run("key", "new", "--password-file", first))["address"]
    before = key_files(product)
    wrong = secret_file(folder, "wrong", "wrong")
    product.fail(10, "key", "password", "--password-file", second, "--old-password-file", wrong)
    assert key_files(product) == before
    product.run("key", "password", address, "--password-file", second, "--old-password-file", first)
    product.fail(10, "key", "password", "--password-file", first, "--old-password-file", first)
    product.run("key", "password", "--password-file", first, "--old-password-file", second)
    assert len(key_files(product)) == 1


def test_a_password_file_that_others_can_read_is_refused(product, folder):
    path = secret_file(folder, "password", "secret")
    os.chmod(path, 0o644)
    assert product.attempt("key", "new", "--password-file", path).code == 10
    assert product.run("key", "list")["keys"] == []


def test_a_password_comes_by_descriptor(product):
    reading, writing = os.pipe()
    os.write(writing, b"by descriptor\n")
    os.close(writing)
    try:
        key = only_key(product.run("key", "new", "--password-fd", str(reading), pass_fds=[reading]))
    finally:
        os.close(reading)
    assert key["protected"] is True


@pytest.mark.parametrize("content", ["", "\n", "\r\n"])
def test_a_password_that_came_to_nothing_takes_no_protection_away(product, folder, content):
    """As when whatever should have said it failed."""
    password = secret_file(folder, "password", "secret")
    empty = secret_file(folder, "empty", content)
    address = only_key(product.run("key", "new", "--password-file", password))["address"]
    before = [(path, path.read_bytes()) for path in key_files(product)]
    digits = secret_file(folder, "key.hex", ONE_DIGITS)
    for source in (["--password-file", empty], ["--password-fd", "0"]):
        for action in (["new"], ["import", digits], ["password", address, "--old-password-file", password]):
            ended = product.fail(10, "key", *action, *source, stdin=content.encode())
            assert ended.reason == "password_empty" and "--no-password" in ended.error["hint"]
    assert [(path, path.read_bytes()) for path in key_files(product)] == before


def test_that_a_key_shall_have_no_password_can_be_said(product, folder):
    password = secret_file(folder, "password", "secret")
    address = only_key(product.run("key", "new", "--password-file", password))["address"]
    assert only_key(product.run("key", "new", "--no-password"))["protected"] is False
    digits = secret_file(folder, "key.hex", ONE_DIGITS)
    assert only_key(product.run("key", "import", digits, "--no-password"))["protected"] is False
    remove = ["key", "password", address, "--no-password"]
    assert product.fail(10, *remove).reason == "password_refused"  # the one it has is needed all the same
    assert only_key(product.run(*remove, "--old-password-file", password))["protected"] is False


def test_two_sources_of_one_password_are_refused(product, folder):
    password = secret_file(folder, "password", "secret")
    product.run("key", "new")
    for options in (
        ["--password-file", password, "--password-fd", "0"],
        ["--no-password", "--password-file", password],
        ["--no-password", "--password-fd", "0"],
        ["--old-password-file", password, "--old-password-fd", "0"],
        ["--password-fd", "0", "--old-password-fd", "0"],
    ):
        assert product.fail(2, "key", "password", *options, stdin=b"secret\n").reason == "option_conflict"
    assert only_key(product.run("key", "list"))["protected"] is False


def test_a_damaged_key_file_is_named_and_hides_no_other(product):
    product.run("key", "new")
    product.run("key", "new")
    listed = product.run("key", "list")["keys"]
    bad = next(key for key in listed if not key["isDefault"])
    open(bad["path"], "w").write("{")
    result = product.run("key", "list")
    assert len(result["keys"]) == 2
    assert any(os.path.basename(bad["path"]) in warning for warning in result["warnings"])


def test_a_folder_that_others_may_write_to_is_refused(product, tree):
    product.run("key", "new")
    (product.home / "keystore").chmod(0o777)
    product.fail(10, "key", "list")
    product.fail(10, "store", str(tree), "m")


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (["nothing"], "unknown_command"),
        (["default"], "operands"),
        (["import"], "operands"),
        (["export"], "operands"),
        (["list", "more"], "operands"),
        (["export", ONE, "file", "more"], "operands"),
        ([], "operands"),
    ],
)
def test_a_wrong_action_is_a_usage_error(product, arguments, reason):
    assert product.fail(2, "key", *arguments).reason == reason


@contextlib.contextmanager
def keystore_locked(product):
    """As another process holds it that writes keys."""
    with open(product.home / "locks" / "keystore", "w") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        yield


def test_who_changes_keys_waits_for_others_and_who_reads_them_does_not(product, folder):
    address = only_key(product.run("key", "new"))["address"]
    digits = secret_file(folder, "key.hex", ONE_DIGITS)
    password = secret_file(folder, "password", "secret")
    before = key_files(product)
    with keystore_locked(product):
        changes = [["new"], ["import", digits], ["default", address], ["password", "--password-file", password]]
        running = [product.start("key", *arguments) for arguments in changes]
        assert len(product.run("key", "list")["keys"]) == 1
        product.run("key", "export", folder / "copy.json")
        for process in running:
            output, notices = process.communicate(timeout=120)
            assert process.returncode == 8, output
            assert json.loads(output)["error"]["reason"] == "lock_held"
            assert notices.count(b"waiting for another command") == 1 and b"locks/keystore" in notices
    assert key_files(product) == before


def test_a_new_password_is_never_tried_as_the_old_one(product, folder):
    first = secret_file(folder, "first", "first")
    product.run("key", "new", "--password-file", first)
    ended = product.fail(10, "key", "password", "--password-file", first)
    assert ended.reason == "password_refused" and "--password-file" in ended.error["hint"]


def test_a_key_file_that_cannot_be_used_is_not_called_unprotected(product):
    product.run("key", "new")
    second = only_key(product.run("key", "new"))
    os.chmod(second["path"], 0o644)
    result = product.run("key", "list")
    assert {key["address"]: key["protected"] for key in result["keys"]}[second["address"]] is True
    assert len(result["warnings"]) == 1 and "keystore_file_loose" in result["warnings"][0]


def test_keys_are_listed_and_made_also_when_the_default_one_is_lost(product, tree):
    first = only_key(product.run("key", "new"))
    second = only_key(product.run("key", "new"))
    os.unlink(first["path"])
    result = product.run("key", "list")
    assert only_key(result) == second and second["isDefault"] is False
    assert only_key(product.run("key", "new"))["isDefault"] is False
    assert any("no default key" in warning and first["address"] in warning for warning in result["warnings"])
    assert product.fail(10, "store", tree, "m").reason == "default_key_missing"
    product.run("key", "default", second["address"])
    assert product.run("key", "list")["warnings"] == []
    assert product.store(tree, "m")["publisher"] == second["address"]


def test_keys_for_people_are_a_line_each(product, folder):
    assert product.call("key", "list").stdout == b"No keys: the first store makes one\n"
    first = only_key(product.run("key", "new"))
    second = only_key(product.run("key", "new", "--password-file", secret_file(folder, "password", "secret")))
    lines = {line.split()[0]: line for line in product.call("key", "list").stdout.decode().splitlines()}
    assert lines[first["address"]].split() == [first["address"], "default", "no", "password", first["path"]]
    assert lines[second["address"]].split() == [second["address"], "password", second["path"]]
    assert len(lines) == 2


def test_a_person_gives_a_new_key_a_password_or_none(product):
    ended = converse(product, "key", "new", answers=["secret", "secret"])
    assert ended.code == 0 and "secret" not in ended.shown
    assert only_key(product.run("key", "list"))["protected"] is True
    ended = converse(product, "key", "new", answers=["secret", "sceret"])
    assert ended.code == 10 and "differ" in ended.shown
    ended = converse(product, "key", "new", answers=[""])
    assert ended.code == 0 and "(empty: none)" in ended.shown
    assert sorted(key["protected"] for key in product.run("key", "list")["keys"]) == [False, True]


def test_a_person_who_changes_a_password_is_told_what_an_empty_one_means(product):
    converse(product, "key", "new", answers=["secret", "secret"])
    ended = converse(product, "key", "password", answers=["secret", ""])
    assert ended.code == 0 and ended.shown.count("(empty: none)") == 1
    assert only_key(product.run("key", "list"))["protected"] is False


def test_no_secret_is_ever_shown(product, folder):
    path = secret_file(folder, "key.hex", ONE_DIGITS)
    password = secret_file(folder, "password", "very-secret-word")
    for arguments in (
        ["import", path, "--password-file", password],
        ["list"],
        ["export", str(folder / "out")],
        ["default", ONE],
    ):
        ended = product.attempt("key", *arguments, "--verbose")
        assert ended.code == 0, (arguments, ended.result)
        shown = json.dumps(ended.result) + ended.notices
        assert ONE_DIGITS not in shown and "very-secret-word" not in shown
