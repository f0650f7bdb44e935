"""Sample trees: what files and folders of tests are made of, and how two trees are compared."""

import filecmp
import hashlib
import os
import random
import subprocess
from pathlib import Path
from typing import Callable

MIB = 1 << 20


# Content of files: each is a function that fills the file at a path.


def zeros(size: int) -> Callable[[Path], None]:
    """A sparse file."""

    def make(path: Path) -> None:
        with open(path, "wb") as stream:
            stream.truncate(size)

    return make


def counted(size: int) -> Callable[[Path], None]:
    """Byte i is i mod 251: no two of the first 251 chunks are equal, whatever their power-of-two size."""

    def make(path: Path) -> None:
        pattern = bytes(i % 251 for i in range(251 * 4096))
        with open(path, "wb") as stream:
            left = size
            while left > 0:
                left -= stream.write(pattern[:left])

    return make


def text(content: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        path.write_bytes(content.encode())

    return make


def noise(size: int, seed) -> Callable[[Path], None]:
    """Bytes that no two seeds share."""

    def make(path: Path) -> None:
        path.write_bytes(random.Random(seed).randbytes(size))

    return make


def key_stream_command(seed: str) -> list:
    key = hashlib.sha256(seed.encode()).hexdigest()
    return ["openssl", "enc", "-chacha20", "-K", key, "-iv", "00" * 16]


def key_stream(seed: str, size: int) -> Callable[[Path], None]:
    """ChaCha20 key stream of the fixtures published with IPIP-0499: key = SHA-256 of the seed, nonce and counter 0."""

    def make(path: Path) -> None:
        with open(path, "wb") as out, subprocess.Popen(
            key_stream_command(seed), stdin=subprocess.PIPE, stdout=out
        ) as cipher:
            nothing = bytes(MIB)
            left = size
            while left > 0:
                left -= cipher.stdin.write(nothing[:left])
            cipher.stdin.close()
            if cipher.wait() != 0:
                raise RuntimeError("openssl could not make the key stream")

    return make


# Content of folders.


def folder_of(entries: dict) -> Callable[[Path], None]:
    """`entries` maps a relative path to a content; a path ending in "/" is an empty folder."""

    def make(path: Path) -> None:
        path.mkdir()
        for name, content in entries.items():
            target = path / name
            if name.endswith("/"):
                target.mkdir(parents=True)
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                content(target)

    return make


def many(names, below: str = "") -> dict:
    return {below + name: text(name) for name in names}


def shards(count: int) -> list:
    """Names as model hubs use them, 36 characters each."""
    return ["model-%05d-of-%05d.part.safetensors" % (index, count) for index in range(count)]


# Sample models.


def full_model(path: Path, seed=7) -> Path:
    """A folder with files of several chunks, of one, of none, an empty folder and names beyond ASCII."""
    folder_of(
        {
            "weights/größe.bin": noise(3 * MIB + 777, f"{seed} one"),
            "weights/b.bin": noise(MIB, f"{seed} two"),
            "config.json": text('{"hidden_size": 4}'),
            "empty": zeros(0),
            ".hidden": text("h"),
            "nothing here/": None,
        }
    )(path)
    return path


def sharing_model(path: Path, seed, shared: int = 0) -> Path:
    """A folder of files, the first `shared` MiB of which are the same for every seed."""
    folder_of(
        {
            "shared.bin": noise(shared * MIB, "same"),
            "own.bin": noise(2 * MIB + 99, f"{seed} own"),
            "sub/small": noise(1000, f"{seed} small"),
        }
    )(path)
    return path


# What is there.


def assert_same_tree(one: Path, other: Path) -> None:
    """The same names, kinds and bytes; modes and times are not a model's."""
    names = {path.relative_to(one) for path in one.rglob("*")}
    assert names == {path.relative_to(other) for path in other.rglob("*")}
    for name in names:
        assert (one / name).is_dir() == (other / name).is_dir(), name
        if not (one / name).is_dir():
            assert filecmp.cmp(one / name, other / name, shallow=False), name


def tree_digest(root: Path) -> str:
    """Of every name, mode, link and content below root: two digests are equal when nothing changed."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        digest.update(f"{path.relative_to(root)}\0{status.st_mode:o}\0{status.st_size}\0".encode("utf-8", "surrogateescape"))
        if path.is_symlink():
            digest.update(os.readlink(path).encode("utf-8", "surrogateescape"))
        elif path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
