"""Reads the tables of hostile input, whose form tests/doubles/written_bytes.h describes."""

import re
from pathlib import Path
from typing import Iterator, List, NamedTuple, Tuple

from product import LONG

TESTS = Path(__file__).resolve().parents[1]

PIECE = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|@(\w+)|(-)|([0-9a-f]+))(?:\*(\d+))?')


def unquote(text: str) -> bytes:
    return re.sub(
        rb"\\(x[0-9a-f]{2}|.)", lambda found: bytes([int(found[1][1:], 16)]) if len(found[1]) == 3 else found[1], text.encode()
    )


def read_bytes(pieces: str, names: dict) -> bytes:
    content, at = b"", 0
    while pieces[at:].strip() and not pieces[at:].lstrip().startswith("#"):
        found = PIECE.match(pieces, at)
        assert found, pieces
        text, name, nothing, digits, times = found.groups()
        piece = unquote(text) if text is not None else names[name] if name else b"" if nothing else bytes.fromhex(digits)
        content += piece * int(times or 1)
        at = found.end()
    return content


def read_table(path: Path, words: int) -> Iterator[Tuple[List[str], bytes]]:
    """Each row as its first words and its bytes."""
    names = {}
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("="):
            _, name, pieces = line.split(" ", 2)
            names[name] = read_bytes(pieces, names)
        else:
            parts = line.split(" ", words)
            yield parts[:words], read_bytes(parts[words], names)


class Name(NamedTuple):
    reason: str  # of the path rules for the whole path; "ok"
    text: bytes


def all_names() -> List[Name]:
    names = [Name(words[0], text) for words, text in read_table(TESTS / "vectors" / "names" / "names.txt", 1)]
    assert len(names) >= 350 and sum(name.reason != "ok" for name in names) >= 250
    return names


def some_names(stride: int) -> List[Name]:
    """Every stride-th name, or all of them in long runs."""
    return all_names()[:: 1 if LONG else stride]
