"""A place to be attacked: a folder `target` that commands may write to, and strangers around it that must stay as they are."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Iterable, List


def look(path: Path) -> str:
    """All that can be told of one name without following it."""
    status = path.lstat()
    kind = f"{status.st_mode:o} {status.st_uid} {status.st_nlink if not path.is_dir() or path.is_symlink() else 0}"
    if path.is_symlink():
        return f"{kind} -> {os.fsencode(os.readlink(path))!r}"
    if path.is_file():
        return f"{kind} {status.st_mtime_ns} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    return kind


def snapshot(root: Path, *without: Path) -> dict:
    """Every name below root but for those below without."""
    seen = {}
    for folder, folders, files in os.walk(root):
        here = Path(folder)
        folders[:] = [name for name in folders if here / name not in without]
        for name in folders + files:
            seen[os.fsencode(here / name)] = look(here / name)
    return seen


class Yard:
    def __init__(self, root: Path):
        self.root = root
        self.target = root / "in" / "here" / "target"
        self.strangers = [root / "stranger", root / "in" / "stranger", root / "in" / "here" / "stranger"]
        self.target.mkdir(parents=True)
        for folder in self.strangers:
            folder.mkdir()
            (folder / "file").write_text("untouched")
            (folder / "x").write_text("untouched")
        self.before = self.look_around()

    def look_around(self) -> dict:
        return snapshot(self.root, self.target, self.root / "home", self.root / "model")

    def assert_untouched(self, told="") -> None:
        after = self.look_around()
        assert after == self.before, (told, set(after.items()) ^ set(self.before.items()))


def each(items: Iterable, attack: Callable) -> List[str]:
    """What attack says of the items, several at a time; nothing is what it says of those that went well."""
    with ThreadPoolExecutor(4) as pool:
        return [told for told in pool.map(attack, items) if told]
