"""What strangers wrote never reaches a terminal raw: no escape, no other control character, nothing that turns text around, in
tables, summaries, errors, notices and progress."""

import os
import re

import pytest
from product import Product

from hostile import craft
from hostile.yard import each

EVIL = "\x1b[31mred\x1b]0;title\x07\x9b2J\x7f\u202egpj\u2066x\r\n\tend\x08"
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\udc80-\udcff]")
WAYS = [(), ("--verbose",), ("--json",), ("--progress", "json")]


def harm(told: bytes) -> str:
    text = told.decode("utf-8", "surrogateescape")
    found = FORBIDDEN.search(text)
    return f"{found} in {text!r}" if found else ""


def harm_of(product: Product, *command, **options) -> str:
    ended = product.call(*command, **options)
    found = harm(ended.stdout) or harm(ended.stderr)
    return f"{command}: {found}" if found else ""


@pytest.fixture
def evil(product, folder):
    """A store with manifests whose every text is hostile: their CIDs."""
    (folder / "first").write_text("first")
    product.store(folder / "first", "first")
    leaf = craft.put(product, craft.RAW, b"evil")
    texts = {"name": EVIL, "chunker": EVIL[:50], "metadata": {EVIL: EVIL}, "storedName": "x", "description": EVIL * 10}
    return (
        craft.manifest(product, craft.folder(product, [(b"x", leaf, 4)]), [b"evil"], **texts),
        craft.manifest(product, craft.folder(product, [(EVIL.encode(), leaf, 4)]), [b"evil"]),
        craft.manifest(product, leaf, [b"evil"], storedName=EVIL),
        craft.manifest(product, leaf, [b"lies"]),
    )


@pytest.mark.parametrize("options", WAYS, ids=" ".join)
def test_texts_of_a_manifest_are_shown_escaped(product, evil, folder, options):
    commands = [
        command
        for number, cid in enumerate(evil)
        for command in (
            ("info", cid),
            ("info", "--files", cid),
            ("info", "--chunks", cid),
            ("verify", cid),
            ("repair", cid),
            ("retrieve", cid, folder / f"out{number}"),
            ("retrieve", cid, f"{folder}/"),
        )
    ]
    assert each(commands, lambda command: harm_of(product, *options, *command)) == []
    shown = product.call("info", evil[0])
    assert shown.returncode == 0 and b"\\x1b[31mred" in shown.stdout, shown


@pytest.mark.parametrize("options", WAYS, ids=" ".join)
def test_own_texts_are_shown_escaped_too(product, folder, options):
    """A name may be any text; what it does to a terminal is nothing."""
    source = folder / "source"
    source.mkdir()
    (source / "a").write_text("a")
    found = [
        harm_of(product, *options, *command)
        for command in (
            ("store", "-n", EVIL, "-d", EVIL, "--meta", f"{EVIL}={EVIL}", source, "m"),
            ("list",),
            ("list", "--versions", "--all"),
            ("info", "m"),
            ("verify", "m"),
            ("deactivate", "m", "--reason", EVIL),
            ("info", "m"),
            ("retrieve", "m", folder / "out"),
            ("list", "--all"),
        )
    ]
    assert [told for told in found if told] == []
    assert product.run("info", "m@1")["name"] == EVIL


@pytest.mark.parametrize("text", [EVIL.replace("\n", " "), os.fsdecode(b"\xff\xfe\x1b[2J\x9b")], ids=["control", "no text"])
@pytest.mark.parametrize("options", [(), ("--json",)], ids=" ".join)
def test_arguments_in_errors_are_shown_escaped(product, folder, text, options):
    source = folder / "source"
    source.mkdir()
    with open(os.fsencode(source) + b"/f\x1b[2J\xff\n", "wb") as stream:
        stream.write(b"x")
    commands = (
        (text,),
        (f"--{text}",),
        ("list", f"-{text}"),
        ("store", text, "m"),
        ("store", source, text),
        ("store", source, "m"),
        ("store", source, "m", "--chunk-size", text),
        ("retrieve", text, "out"),
        ("retrieve", "m", text),
        ("info", text),
        ("info", f"m@{text}"),
        ("info", "m", "--chunks", "--range", text),
        ("list", "--after", text),
        ("list", "--limit", text),
        ("list", "--publisher", text),
        ("list", "--set", text),
        ("list", "--set", f"storage.parallel={text}"),
        ("list", "--set", f"{text}=1"),
        ("list", "--config", text),
        ("list", "--progress", text),
        ("list", "--jobs", text),
        ("key", text),
        ("key", "import", text),
        ("key", "default", text),
        ("list", "--password-file", text),
        ("list", "--output", folder / text / "x"),
        ("retrieve", "--include", f"[{text}", "m", "out"),
    )
    assert each(commands, lambda command: harm_of(product, *options, *command, cwd=folder)) == []


def test_a_home_and_a_configuration_with_hostile_texts_are_shown_escaped(folder):
    product = Product(folder / os.fsdecode(b"home\x1b[2J"))
    (folder / "source").write_text("x")
    (folder / "config.json").write_text('{"storage": {"\\u001b[31m": 1, "parallel": "\\u001b[31m"}, "\\u009b2J": {}, "ipfs": 1}')
    (folder / "other.json").write_text('{"storage": {"\\u001b[31m": 1, "\\u202e": 2}, "\\u009b2J": {}}')
    found = [
        harm_of(product, *options, *command)
        for options in ((), ("--json",), ("--verbose",))
        for command in (
            ("store", folder / "source", "m"),
            ("list",),
            ("info", "m"),
            ("config",),
            ("key", "list"),
            ("check",),
            ("list", "--config", folder / "config.json"),
            ("config", "--config", folder / "config.json"),
            ("config", "--config", folder / "other.json"),
            ("retrieve", "m", folder / os.fsdecode(b"out\x1b[2J")),
        )
    ]
    assert [told for told in found if told] == []
