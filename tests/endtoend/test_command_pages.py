"""docs/commands says of each command what the program says of itself."""

import json
import os
import re

import pytest

from product import ROOT

PAGES = ROOT / "docs" / "commands"


def test_pages_and_commands_are_the_same(product):
    listed = product.call("--help").stdout.decode().split("Commands:\n")[1].split("\n\n")[0]
    assert {line.split()[0] for line in listed.splitlines()} == {page.stem for page in PAGES.glob("*.md")}


def test_each_page_holds_the_help_of_its_command(product):
    for page in PAGES.glob("*.md"):
        assert f"```\n{product.call(page.stem, '--help').stdout.decode()}```\n" in page.read_text(), page.name


def test_settings_that_nothing_reads_are_named(product):
    source = "".join(path.read_text() for path in (ROOT / "src").rglob("*.c") if path.name not in ("rule.c", "template.c"))
    settings = {name for name in product.run("config")["values"] if name.startswith("storage.")}
    sentence = next(part for part in (PAGES / "config.md").read_text().split(". ") if "nothing reads them" in part)
    assert set(re.findall(r"`(storage\.\w+)`", sentence)) == {name for name in settings if f'"{name}"' not in source}


# What may go wrong for every command: its configuration, the keys that say whose a name is, a file of a key.
TROUBLES = ("no JSON", "a secret of somebody else", "the default key is lost", "the keystore is loose", "limit")


def trouble(product, folder, what: str) -> list:
    """Options for a run in which that is wrong."""
    config = folder / "config.json"
    options = ["--config", config]
    if what == "no JSON":
        config.write_text("{")
    elif what == "a secret of somebody else":
        if os.geteuid() != 0:
            pytest.skip("only root can give a file away")
        config.write_text(json.dumps({"blockchain": {"privateKey": "11" * 32}}))
        config.chmod(0o644)
        os.chown(config, 12345, -1)
    elif what == "limit":
        config.write_text(" " * (4 << 20))
    else:
        options = []
        if what == "the keystore is loose":
            (product.home / "keystore").chmod(0o777)
        else:
            (product.home / "keystore" / "default").write_text("0x" + "00" * 19 + "01\n")
    return options


@pytest.mark.parametrize("what", TROUBLES)
def test_every_exit_code_that_is_seen_stands_in_the_help(product, folder, what):
    (folder / "file").write_text("x")
    product.store(folder / "file", "m")
    options = trouble(product, folder, what)
    seen = set()
    for command in (
        ("store", folder / "file", "m"),
        ("retrieve", "m", folder / "out"),
        ("list",),
        ("info", "m"),
        ("verify", "m"),
        ("repair", "m"),
        ("activate", "m"),
        ("deactivate", "m"),
        ("remove", "m"),
        ("prune",),
        ("check",),
        ("key", "list"),
        ("config",),
    ):
        code = product.attempt(*command, *options).code
        seen.add(code)
        assert code in exit_codes(product, command[0]), (command, code)
    assert seen - {0}


def exit_codes(product, *command: str) -> list:
    listed = product.call(*command, "--help").stdout.decode().split("Exit codes:\n")[1]
    return [int(line.split()[0]) for line in listed.splitlines()]


def test_a_key_file_of_another_address_ends_as_the_help_says(product, folder):
    product.run("key", "new")
    copy = folder / "copy"
    product.run("key", "export", copy)
    content = json.loads(copy.read_text())
    content["address"] = "00" * 19 + "01"
    copy.write_text(json.dumps(content))
    assert product.attempt("key", "import", copy).code in exit_codes(product, "key")


def test_the_help_of_all_names_each_exit_code_of_any(product):
    all_of_them = {code for page in PAGES.glob("*.md") for code in exit_codes(product, page.stem)}
    assert set(exit_codes(product)) == all_of_them
