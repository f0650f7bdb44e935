"""The bytes of a UnixFS tree under the profile unixfs-v1-2025 (IPIP-0499), written to be read.

An oracle for the tests of the C builder: it shares no code with it and was compared with a real Kubo
for every shape in shapes.json. Sources: the UnixFS, dag-pb and CID specifications of ipfs/specs.
"""

import base64
import hashlib
import os
from typing import Callable, NamedTuple

CHUNK_SIZE = 1 << 20
LINKS_MAX = 1024
HAMT_FANOUT = 256
HAMT_THRESHOLD = 262144
RAW, DAG_PB = 0x55, 0x70


class Node(NamedTuple):
    """A finished DAG node. `tsize` counts the bytes of its own block and of everything below."""

    cid: bytes
    file_size: int
    tsize: int


Put = Callable[[bytes, bytes], None]


def ignore_block(cid: bytes, block: bytes) -> None:
    """The sink of a caller who wants the root alone."""


def cid_text(cid: bytes) -> str:
    return "b" + base64.b32encode(cid).decode().rstrip("=").lower()


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field_bytes(number: int, value: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(value)) + value


def field_int(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def link(name: bytes, node: Node) -> bytes:
    return field_bytes(1, node.cid) + field_bytes(2, name) + field_int(3, node.tsize)


def finish(put: Put, codec: int, block: bytes, file_size: int, below: int) -> Node:
    cid = bytes((1, codec, 0x12, 0x20)) + hashlib.sha256(block).digest()
    put(cid, block)
    return Node(cid, file_size, len(block) + below)


def pb_node(put: Put, links: list, data: bytes, file_size: int = 0) -> Node:
    """`links` are (name, Node) in the order in which they are written: links first, then the data."""
    block = b"".join(field_bytes(2, link(name, node)) for name, node in links) + field_bytes(1, data)
    return finish(put, DAG_PB, block, file_size, sum(node.tsize for _, node in links))


def file_node(put: Put, children: list) -> Node:
    size = sum(child.file_size for child in children)
    data = field_int(1, 2) + field_int(3, size) + b"".join(field_int(4, c.file_size) for c in children)
    return pb_node(put, [(b"", child) for child in children], data, size)


def build_file(stream, put: Put = ignore_block, chunk_size: int = CHUNK_SIZE) -> Node:
    """Balanced: all leaves at one depth, so a last group of one gets its node too."""
    chunks = iter(lambda: stream.read(chunk_size), b"")
    level = [finish(put, RAW, chunk, len(chunk), 0) for chunk in chunks] or [finish(put, RAW, b"", 0, 0)]
    while len(level) > 1:
        level = [file_node(put, level[at : at + LINKS_MAX]) for at in range(0, len(level), LINKS_MAX)]
    return level[0]


def murmur3_h1(key: bytes) -> bytes:
    """First half of MurmurHash3 x64 128 with seed 0, big-endian (Appleby's public-domain algorithm)."""
    mask = (1 << 64) - 1
    c1, c2 = 0x87C37B91114253D5, 0x4CF5AD432745937F

    def rotl(x: int, n: int) -> int:
        return (x << n | x >> (64 - n)) & mask

    def fmix(x: int) -> int:
        x = (x ^ x >> 33) * 0xFF51AFD7ED558CCD & mask
        x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53 & mask
        return x ^ x >> 33

    def scramble1(k: int) -> int:
        return rotl(k * c1 & mask, 31) * c2 & mask

    def scramble2(k: int) -> int:
        return rotl(k * c2 & mask, 33) * c1 & mask

    h1 = h2 = 0
    whole = len(key) // 16 * 16
    for at in range(0, whole, 16):
        h1 = (rotl(h1 ^ scramble1(int.from_bytes(key[at : at + 8], "little")), 27) + h2) * 5 + 0x52DCE729 & mask
        h2 = (rotl(h2 ^ scramble2(int.from_bytes(key[at + 8 : at + 16], "little")), 31) + h1) * 5 + 0x38495AB5 & mask
    h2 ^= scramble2(int.from_bytes(key[whole + 8 :], "little"))
    h1 ^= scramble1(int.from_bytes(key[whole : whole + 8], "little"))
    h1 ^= len(key)
    h2 ^= len(key)
    h1 = h1 + h2 & mask
    h2 = h2 + h1 & mask
    h1, h2 = fmix(h1), fmix(h2)
    return (h1 + h2 & mask).to_bytes(8, "big")


def build_shard(put: Put, entries: list, depth: int) -> Node:
    """`entries` are (hash, name, Node). A bucket with one entry holds it, a fuller one is a shard below."""
    if depth == 8:
        raise ValueError("names whose hashes are equal: " + ", ".join(repr(name) for _, name, _ in entries))
    buckets: dict = {}
    for entry in entries:
        buckets.setdefault(entry[0][depth], []).append(entry)
    links = []
    for index in sorted(buckets):
        bucket = buckets[index]
        if len(bucket) == 1:
            links.append((b"%02X" % index + bucket[0][1], bucket[0][2]))
        else:
            links.append((b"%02X" % index, build_shard(put, bucket, depth + 1)))
    field = sum(1 << index for index in buckets)
    bits = field.to_bytes((field.bit_length() + 7) // 8, "big")
    data = field_int(1, 5) + field_bytes(2, bits) + field_int(5, 0x22) + field_int(6, HAMT_FANOUT)
    return pb_node(put, links, data)


def build_directory(put: Put, entries: dict) -> Node:
    """`entries` maps a name (bytes) to the Node of a file or folder."""
    links = sorted(entries.items())
    plain = sum(len(field_bytes(2, link(name, node))) for name, node in links) + len(b"\x0a\x02\x08\x01")
    if plain > HAMT_THRESHOLD:
        return build_shard(put, [(murmur3_h1(name), name, node) for name, node in links], 0)
    return pb_node(put, links, field_int(1, 1))


def build_path(path, put: Put = ignore_block, chunk_size: int = CHUNK_SIZE) -> Node:
    """The tree of a file or folder on disk; hidden names included, links not supported."""
    path = os.fsencode(path)
    if os.path.isdir(path):
        children = {name: build_path(os.path.join(path, name), put, chunk_size) for name in os.listdir(path)}
        return build_directory(put, children)
    with open(path, "rb") as stream:
        return build_file(stream, put, chunk_size)
