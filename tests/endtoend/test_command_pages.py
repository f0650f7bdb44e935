"""docs/commands says of each command what the program says of itself."""

import re

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
