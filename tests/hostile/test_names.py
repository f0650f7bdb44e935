"""Hostile names through every entrance: refused by their reason, or harmless and inside; nothing around the target changes."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest
from product import Product

from hostile import craft
from hostile.written import all_names, some_names
from hostile.yard import each

EVIL = b"evil"

# What the reader of DAGs says instead of the path rules: there a name is one entry, and dag-pb has a rule of its own.
ONE_ENTRY = {"path_utf8": "dag_pb_name"}


def expected_of_entry(name) -> set:
    """Reasons that may refuse name as one entry of a folder."""
    if b"/" in name.text:
        return {"path_slash", "path_utf8", "dag_pb_name", "path_name_long", "path_control", "path_nul", "path_bidi", "path_backslash",
                "path_drive", "path_stream", "path_absolute"}  # fmt: skip
    return {ONE_ENTRY.get(name.reason, name.reason), name.reason} | ({"path_name_long"} if name.reason == "path_long" else set())


@pytest.fixture(scope="module")
def crafted(tmp_path_factory):
    """A store, and for each name a folder whose one entry has it: (name, root, manifest)."""
    root = tmp_path_factory.mktemp("crafted")
    product = Product(root / "home")
    (root / "first").write_text("first")
    product.store(root / "first", "first")
    leaf = craft.put(product, craft.RAW, EVIL)
    rows = []
    for name in all_names():
        top = craft.folder(product, [(name.text, leaf, len(EVIL))])
        rows.append((name, top, craft.manifest(product, top, [EVIL])))
    return product, rows


def judge(name, ended, output: Path) -> str:
    """Empty when a retrieve that ended so was right."""
    refused = name.reason != "ok" or b"/" in name.text
    told = f"{name.text!r}: {ended.code} {ended.reason} instead of {name.reason}"
    if refused:
        right = ended.code in (11, 12) and ended.reason in expected_of_entry(name) and not output.exists()
        return "" if right else told
    try:
        return "" if ended.code == 0 and (output / os.fsdecode(name.text)).read_bytes() == EVIL else told
    except OSError:
        return told


def test_folders_in_blocks_are_retrieved_only_with_harmless_names(crafted, yard):
    """All names, alternately by the CID of the root alone and by that of a manifest."""
    product, rows = crafted

    def attack(row):
        number, (name, top, manifest) = row
        output = yard.target / f"o{number}"
        return judge(name, product.attempt("retrieve", manifest if number % 2 else top, output), output)

    assert each(enumerate(rows), attack) == []
    assert sum(name.reason != "ok" for name, _, _ in rows) >= 250
    yard.assert_untouched()


@pytest.mark.parametrize("options", [(), ("--extract",), ("--force",)])
def test_archives_are_made_only_with_harmless_names(crafted, yard, options):
    product, rows = crafted

    def attack(row):
        number, (name, top, manifest) = row
        output = yard.target / f"o{number}.tar"
        ended = product.attempt("retrieve", *options, manifest, output)
        refused = name.reason != "ok" or b"/" in name.text
        if refused and not (ended.code in (11, 12) and ended.reason in expected_of_entry(name) and not output.exists()):
            return f"{name.text!r}: {ended.code} {ended.reason}"
        if refused:
            return ""
        if ended.code != 0:
            return f"{name.text!r}: {ended.code} {ended.reason}"
        with tarfile.open(output, encoding="utf-8") as archive:
            return "" if archive.getnames() == [os.fsdecode(name.text)] else f"{name.text!r}: {archive.getnames()}"

    some = [row for row in enumerate(rows) if row[1][0] in set(some_names(12))]
    assert each(some, attack) == []
    yard.assert_untouched()


def test_other_commands_refuse_the_same_names(crafted, yard):
    """info --files, verify and check read such folders too; nothing is printed raw."""
    product, rows = crafted

    def attack(row):
        number, (name, top, manifest) = row
        command = (("info", "--files", manifest), ("verify", manifest), ("verify", manifest, yard.target))[number % 3]
        ended = product.attempt(*command)
        refused = name.reason != "ok" or b"/" in name.text
        shown = ended.notices.replace("\n", "")
        if any(ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 for character in shown):
            return f"{name.text!r}: {ended.notices!r}"
        if refused and ended.code not in (4, 11, 12):
            return f"{name.text!r}: {command[0]} {ended.code} {ended.reason}"
        return ""

    some = [row for row in enumerate(rows) if row[1][0] in set(some_names(5))]
    assert each(some, attack) == []
    yard.assert_untouched()


def test_the_stored_name_of_a_manifest_is_one_harmless_name(crafted, yard):
    """A single file that goes into a folder under the name its manifest gives it."""
    product, _ = crafted
    leaf = craft.put(product, craft.RAW, EVIL)

    def attack(row):
        number, name = row
        cid = craft.manifest(product, leaf, [EVIL], storedName=craft.Raw(os.fsdecode(name.text)))
        output = yard.target / f"o{number}"
        output.mkdir()
        ended = product.attempt("retrieve", cid, f"{output}/")
        alone = name.reason in ("ok", "path_dash", "path_tilde") and b"/" not in name.text
        told = f"{name.text!r}: {ended.code} {ended.reason} {list(output.iterdir())}"
        if not alone:
            return "" if ended.code in (11, 12) and not list(output.iterdir()) else told
        return "" if ended.code == 0 and (output / os.fsdecode(name.text)).read_bytes() == EVIL else told

    assert each(enumerate(some_names(4)), attack) == []
    yard.assert_untouched()


def can_be_made(name) -> bool:
    """Whether Linux lets a file of that name stand inside a folder."""
    parts = name.text.split(b"/")
    return b"\0" not in name.text and all(part not in (b"", b".", b"..") and len(part) <= 255 for part in parts)


def test_files_on_disk_are_stored_only_with_harmless_names(product, yard):
    """A refusal names the file and offers to leave it out."""
    product.run("key", "new")

    def attack(row):
        number, name = row
        place = yard.target / f"m{number}"
        path = os.fsencode(place) + b"/" + name.text
        os.makedirs(os.path.dirname(path))
        with open(path, "wb") as stream:
            stream.write(EVIL)
        ended = product.attempt("store", "--no-default-excludes", place, f"m{number}")
        told = f"{name.text!r}: {ended.code} {ended.error}"
        if name.reason == "ok":
            return "" if ended.code == 0 else told
        hinted = "--exclude" in ended.error.get("hint", "") and ended.error.get("path")
        return "" if ended.code in (11, 12) and ended.reason == name.reason and hinted else told

    names = [name for name in some_names(2) if can_be_made(name)]
    assert each(enumerate(names), attack) == []
    yard.assert_untouched()


def members_of_tar(name) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape") as archive:
        member = tarfile.TarInfo(name.text.decode("utf-8", "surrogateescape"))
        member.size = len(EVIL)
        archive.addfile(member, io.BytesIO(EVIL))
    return out.getvalue()


def members_of_zip(name) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        member = zipfile.ZipInfo("x")
        member.filename = name.text.decode()
        archive.writestr(member, EVIL)
    return out.getvalue()


@pytest.mark.parametrize("pack, suffix", [(members_of_tar, "tar"), (members_of_zip, "zip")])
def test_members_of_stored_archives_come_out_only_with_harmless_names(product, yard, pack, suffix):
    product.run("key", "new")

    def attack(row):
        number, name = row
        place = yard.target / f"a{number}"
        place.mkdir()
        try:
            (place / f"in.{suffix}").write_bytes(pack(name))
        except (UnicodeError, ValueError):
            return ""  # these bytes cannot stand in such an archive
        product.store(place / f"in.{suffix}", f"a{number}")
        before = yard.look_around()
        ended = product.attempt("retrieve", "--extract", f"a{number}", place / f"out.{suffix}")
        told = f"{name.text!r}: {ended.code} {ended.reason}"
        if yard.look_around() != before:
            return told + " changed something outside"
        came = sorted(path.name for path in place.iterdir())
        if ended.code != 0:
            right = name.reason != "ok" and ended.code in (11, 12) and not (place / "out").exists()
            return "" if right else told
        return "" if "out" in came and set(came) <= {f"in.{suffix}", f"out.{suffix}", "out"} else told + f" {came}"

    assert each(enumerate(some_names(8)), attack) == []
    yard.assert_untouched()


@pytest.mark.parametrize(
    "command",
    [
        ("retrieve", "{}", "out"),
        ("info", "{}"),
        ("verify", "{}"),
        ("repair", "--dry-run", "{}"),
        ("remove", "{}"),
        ("deactivate", "{}"),
        ("list", "--after", "{}"),
        ("list", "--publisher", "{}"),
        ("retrieve", "known", "out", "--dry-run", "--include", "{}"),
        ("retrieve", "known", "out", "--dry-run", "--exclude", "{}"),
        ("retrieve", "known", "out", "--dry-run", "--seed", "{}"),
        ("repair", "--dry-run", "known", "--from", "{}"),
        ("verify", "known", "{}"),
        ("key", "list", "--config", "{}"),
        ("key", "import", "{}"),
        ("list", "--password-file", "{}"),
    ],
    ids=lambda command: " ".join(command),
)
def test_names_in_arguments_make_nothing_anywhere(product, yard, command):
    """Whatever an argument of a reading command says, the command ends with an exit code of its list and writes nothing outside
    its home; from within the target, so that relative names count from there."""
    (yard.target / "known").write_bytes(EVIL)
    product.store(yard.target / "known", "known")
    product.folder = yard.target
    inside = sorted(os.listdir(os.fsencode(yard.target)))

    def attack(name):
        if b"\0" in name.text:
            return ""
        value = os.fsdecode(name.text)
        arguments = [value if part == "{}" else part for part in command]
        if command[1] == "{}" or command[-1] == "{}" and not command[-2].startswith("--"):
            arguments.insert(len(arguments) - (2 if command[0] == "retrieve" else 1), "--")
        ended = product.attempt(*arguments)
        if ended.code not in (0, 2, 3, 4, 5, 9, 10, 11, 12):
            return f"{name.text!r}: {ended.code} {ended.reason}"
        return ""

    assert each(some_names(24), attack) == []
    assert sorted(os.listdir(os.fsencode(yard.target))) == inside
    yard.assert_untouched()
