#!/usr/bin/env python3
"""The shapes whose identity is compared with a real Kubo: how each is made, and what Kubo called it.

    shapes.py list                    names
    shapes.py make NAME FOLDER        make one shape; prints its path
    shapes.py record IPFS [NAME...]   let the given ipfs binary add the shapes; rewrites shapes.json
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Callable, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # When it is called as a program.

from node import PROFILE, Kubo  # noqa: E402
from product.trees import MIB, counted, folder_of, key_stream, key_stream_command, many, shards, text, zeros  # noqa: E402

RECORDED = Path(__file__).with_name("shapes.json")
KIB, GIB = 1 << 10, 1 << 30


class Shape(NamedTuple):
    name: str
    make: Callable[[Path], None]
    chunk_size: int = MIB
    long: bool = False  # Takes more than a few seconds: left to the long run.


def fixture_names(last_name_size: int) -> list:
    """Names of the directory fixtures of IPIP-0499: 4,765 of 11 characters and a last one at the threshold."""
    size = 4765 * 11 + last_name_size
    stream = subprocess.run(
        key_stream_command("hamt-unixfs-v1-2025"), input=bytes(size), stdout=subprocess.PIPE, check=True
    ).stdout
    letters = "abcdefghijklmnopqrstuvwxyz01234567890-_"
    names = "".join(letters[byte % len(letters)] for byte in stream)
    return [names[at : at + 11] for at in range(0, 4765 * 11, 11)] + [names[4765 * 11 :]]


def fixture_folder(last_name_size: int) -> dict:
    return {name: text("x") for name in fixture_names(last_name_size)}


# Two names whose hashes agree in the first seven bytes, found by search: the deepest tree that HAMT allows.
DEEPEST = ["dwtpwufaaa", "dfj51uiaaa"]
# Two names whose hashes are equal, made by inverting the hash: no HAMT can hold both.
TWINS = ["model-00001-of-00002.safetensors", "model-d6ZvmzN2NvVW0VA.Z1jq5NfUcB"]

SHAPES = [
    # One chunk, and the step from one to two.
    Shape("zeros-0", zeros(0)),
    Shape("zeros-1", zeros(1)),
    Shape("zeros-1MiB-less-1", zeros(MIB - 1)),
    Shape("zeros-1MiB", zeros(MIB)),
    Shape("zeros-1MiB-plus-1", zeros(MIB + 1)),
    Shape("zeros-2MiB-less-1", zeros(2 * MIB - 1)),
    Shape("zeros-2MiB", zeros(2 * MIB)),
    Shape("zeros-2MiB-plus-1", zeros(2 * MIB + 1)),
    Shape("text-hello", text("hello")),
    Shape("text-hello-world", text("hello world")),
    Shape("counted-1", counted(1)),
    Shape("counted-1MiB-less-1", counted(MIB - 1)),
    Shape("counted-1MiB", counted(MIB)),
    Shape("counted-1MiB-plus-1", counted(MIB + 1)),
    Shape("counted-2MiB", counted(2 * MIB)),
    Shape("counted-3MiB-plus-777", counted(3 * MIB + 777)),
    Shape("counted-5MiB", counted(5 * MIB)),
    Shape("counted-64MiB-plus-12345", counted(64 * MIB + 12345)),
    Shape("fixture-1MiB", key_stream("chunk-v1-seed", MIB)),
    Shape("fixture-1MiB-plus-1", key_stream("chunk-v1-seed", MIB + 1)),
    # The step from one level of inner nodes to two.
    Shape("zeros-1023MiB", zeros(1023 * MIB)),
    Shape("zeros-1024MiB-less-1", zeros(1024 * MIB - 1)),
    Shape("zeros-1024MiB", zeros(1024 * MIB)),
    Shape("zeros-1024MiB-plus-1", zeros(1024 * MIB + 1)),
    Shape("zeros-1025MiB", zeros(1025 * MIB)),
    Shape("fixture-1GiB", key_stream("v1-2025-seed", GIB), long=True),
    Shape("fixture-1GiB-plus-1", key_stream("v1-2025-seed", GIB + 1), long=True),
    # Other chunk sizes; width of a node stays 1,024.
    Shape("chunk-4KiB-4095", counted(4 * KIB - 1), 4 * KIB),
    Shape("chunk-4KiB-4096", counted(4 * KIB), 4 * KIB),
    Shape("chunk-4KiB-4097", counted(4 * KIB + 1), 4 * KIB),
    Shape("chunk-4KiB-full-node", counted(4 * MIB), 4 * KIB),
    Shape("chunk-4KiB-full-node-plus-1", counted(4 * MIB + 1), 4 * KIB),
    Shape("chunk-4KiB-lone-last-leaf", counted(8 * MIB + 4 * KIB), 4 * KIB),
    Shape("chunk-4KiB-5121-chunks", counted(20 * MIB + 1), 4 * KIB),
    Shape("chunk-4KiB-three-levels", zeros(4 * GIB + 1), 4 * KIB, long=True),
    Shape("chunk-8KiB-full-node", counted(8 * MIB), 8 * KIB),
    Shape("chunk-8KiB-1025-chunks", counted(8 * MIB + 8 * KIB), 8 * KIB),
    Shape("chunk-16KiB-4097-chunks", counted(64 * MIB + 1), 16 * KIB),
    Shape("chunk-32KiB-1024-chunks-less-1", counted(32 * MIB - 1), 32 * KIB),
    Shape("chunk-64KiB-two-levels", zeros(64 * MIB + 1), 64 * KIB),
    Shape("chunk-128KiB-two-levels", zeros(128 * MIB + 1), 128 * KIB),
    Shape("chunk-256KiB-two-levels", zeros(256 * MIB + 1), 256 * KIB),
    Shape("chunk-256KiB-1MiB", counted(MIB), 256 * KIB),
    Shape("chunk-512KiB-plus-1", counted(512 * KIB + 1), 512 * KIB),
    Shape("chunk-512KiB-5MiB", counted(5 * MIB), 512 * KIB),
    # Plain folders.
    Shape("folder-two-files", folder_of({"a.txt": text("hello"), "b.txt": text("world")})),
    Shape(
        "folder-nested",
        folder_of({"config.json": text("{}\n"), "weights/w0.bin": text("hello"), "weights/w1.bin": text("world")}),
    ),
    Shape("folder-two-chunks", folder_of({"hello.txt": text("hello"), "zeros.bin": zeros(MIB + 1)})),
    Shape("folder-one-empty-file", folder_of({"empty": zeros(0)})),
    Shape("folder-empty-files", folder_of({"a": zeros(0), "b": text("b"), "c": zeros(0), "d/e": zeros(0)})),
    Shape("folder-empty-folders", folder_of({"a/": None, "b/c/": None, "b/d": text("d"), "e": text("e")})),
    Shape("folder-32-levels", folder_of({"/".join("d%d" % depth for depth in range(31)) + "/leaf": text("leaf")})),
    Shape(
        "folder-order",
        folder_of({"ab": text("1"), "a": text("2"), "B": text("3"), "a.b": text("4"), "é": text("5"), "Z": text("6")}),
    ),
    # By name bytes "d-1" < "d.txt" < "dd", with the folder "d" before all; by path its files would stand elsewhere.
    Shape(
        "folder-order-of-folders",
        folder_of({"d/z": text("1"), "d-1": text("2"), "d.txt": text("3"), "dd": text("4"), "d/a/q": text("5")}),
    ),
    Shape(
        "folder-unicode",
        folder_of({"模型 权重.bin": counted(MIB + 1), "größe.json": text("{}"), "каталог/файл": text("ф"), "🤗/😀": text("x")}),
    ),
    Shape("folder-decomposed-name", folder_of({"e\u0301te\u0301.txt": text("summer"), "z": text("z")})),
    Shape(
        "folder-spaces-and-signs",
        folder_of({"two  spaces.txt": text("1"), "it's (a) [b] {c} !@#$%^&+=,;.txt": text("2"), "a%20b": text("3")}),
    ),
    Shape("folder-hidden-names", folder_of({".config/x.json": text("{}"), ".hidden": text("h"), "shown": text("s")})),
    Shape("folder-long-names", folder_of({"n" * 255: text("1"), "ü" * 127: text("2"), "m" * 127: text("3"), "k" * 128: text("4")})),
    Shape("folder-of-equal-files", folder_of({"%d.bin" % index: counted(MIB + 5) for index in range(4)})),
    Shape(
        "folder-chunk-4KiB",
        folder_of({"a": counted(4 * MIB + 1), "b/c": counted(4 * KIB), "b/d": counted(4 * KIB + 1)}),
        4 * KIB,
    ),
    # HAMT: below, at and above the threshold, and large.
    Shape("folder-3000-files", folder_of(many(shards(3000)))),
    Shape("folder-at-threshold", folder_of(fixture_folder(21))),
    Shape("folder-above-threshold", folder_of(fixture_folder(22))),
    Shape("folder-5000-files", folder_of(many(shards(5000)))),
    Shape("folder-20000-files", folder_of(many(shards(20000)))),
    Shape("folder-hamt-below", folder_of({**many(shards(5000), "data/shards/"), "config.json": text("{}\n")})),
    Shape(
        "folder-hamt-of-folders",
        folder_of({**{"part-%040d/file" % index: text(str(index)) for index in range(4000)}, "config.json": text("{}\n")}),
    ),
    Shape("folder-hamt-of-large-files", folder_of({**many(shards(4000)), "weights.bin": counted(3 * MIB + 1)})),
    Shape("folder-hamt-deepest", folder_of(many(shards(4000) + DEEPEST))),
    # Equal hashes do no harm where no HAMT is needed.
    Shape("folder-equal-hashes", folder_of(many(TWINS))),
]

BY_NAME = {shape.name: shape for shape in SHAPES}


def make(shape: Shape, parent: Path) -> Path:
    path = Path(parent) / shape.name
    shape.make(path)
    return path


def recorded() -> dict:
    return json.loads(RECORDED.read_text())["shapes"]


def sizes_of(path: Path) -> dict:
    files = [path] if path.is_file() else [entry for entry in path.rglob("*") if entry.is_file()]
    return {"files": len(files), "bytes": sum(entry.stat().st_size for entry in files)}


def record(binary: str, names: list) -> None:
    """Each shape is added for real and with --only-hash; the comparison later relies on the two being equal."""
    shapes = recorded() if RECORDED.exists() else {}
    with tempfile.TemporaryDirectory() as work:
        kubo = Kubo(binary, Path(work) / "repository")
        version = kubo.run("version", "--number").decode().strip()
        for shape in SHAPES:
            if names and shape.name not in names:
                continue
            path = make(shape, Path(work))
            root = kubo.add(path, shape.chunk_size)
            if kubo.add(path, shape.chunk_size, only_hash=True) != root:
                raise RuntimeError(f"{shape.name}: --only-hash names another root")
            shapes[shape.name] = {"root": root, "chunkSize": shape.chunk_size, **sizes_of(path)}
            print(shape.name, root, flush=True)
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    ordered = {shape.name: shapes[shape.name] for shape in SHAPES if shape.name in shapes}
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in ordered.items())
    RECORDED.write_text(f'{{"kubo": "{version}", "profile": "{PROFILE}", "shapes": {{\n{lines}\n}}}}\n')


def main(arguments: list) -> int:
    if arguments[:1] == ["list"] and len(arguments) == 1:
        print("\n".join(BY_NAME))
    elif arguments[:1] == ["make"] and len(arguments) == 3 and arguments[1] in BY_NAME:
        print(make(BY_NAME[arguments[1]], Path(arguments[2])))
    elif arguments[:1] == ["record"] and len(arguments) >= 2 and set(arguments[2:]) <= set(BY_NAME):
        record(arguments[1], arguments[2:])
    else:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
