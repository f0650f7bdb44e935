"""Blocks that no builder of ours would make: put into a store as files with the right names."""

import hashlib
import os
import stat
from typing import Iterable, Optional, Tuple

from product import Product, cid_bytes, cid_text

RAW, DAG_PB, DAG_CBOR = 0x55, 0x70, 0x71


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def field(number: int, content) -> bytes:
    """A protobuf field: bytes, or a number."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def put(product: Product, codec: int, block: bytes) -> str:
    """Put a block into the store and return its CID."""
    cid = cid_text(bytes([1, codec, 0x12, 32]) + hashlib.sha256(block).digest())
    path = product.block(cid)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        temporary = path.with_name(f".{os.getpid()}-{path.name}-{os.urandom(4).hex()}")
        temporary.write_bytes(block)
        temporary.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
        temporary.rename(path)
    return cid


def link(cid: str, name: bytes, size: int) -> bytes:
    return field(2, field(1, cid_bytes(cid)) + field(2, name) + field(3, size))


def folder(product: Product, entries: Iterable[Tuple[bytes, str, int]]) -> str:
    """A UnixFS directory of (name, CID, size)."""
    links = b"".join(link(cid, name, size) for name, cid, size in entries)
    return put(product, DAG_PB, links + field(1, field(1, 1)))


def tree_root(digests: Iterable[bytes]) -> bytes:
    """RFC 9162, section 2.1."""
    digests = list(digests)
    if len(digests) == 1:
        return hashlib.sha256(b"\0" + digests[0]).digest()
    split = 1
    while split * 2 < len(digests):
        split *= 2
    return hashlib.sha256(b"\1" + tree_root(digests[:split]) + tree_root(digests[split:])).digest()


def chunk_root(digests: Iterable[bytes]) -> bytes:
    digests = list(digests)
    return hashlib.sha256(b"\2" + len(digests).to_bytes(8, "big") + tree_root(digests)).digest()


def cbor(value) -> bytes:
    """dag-cbor of what manifests hold; a link is a tuple of its CID, a map is written in the order it has."""

    def head(major: int, number: int) -> bytes:
        if number < 24:
            return bytes([major << 5 | number])
        size = next(size for size in (1, 2, 4, 8) if number < 1 << 8 * size)
        return bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size]]) + number.to_bytes(size, "big")

    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, tuple):
        return b"\xd8\x2a" + cbor(b"\0" + cid_bytes(value[0]))
    return head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())


class Raw(str):
    """Text whose bytes are not UTF-8, carried as surrogates."""

    def encode(self, *_):
        return super().encode("utf-8", "surrogateescape")


def manifest(
    product: Product,
    root: str,
    chunks: Iterable[bytes],
    size: Optional[int] = None,
    count: Optional[int] = None,
    tree: Optional[bytes] = None,
    **info,
) -> str:
    """A manifest of a DAG whose chunks are these; whatever is given otherwise is what it claims."""
    chunks = list(chunks)
    texts = {"name": "n", "chunker": "size-1048576", "metadata": {}, "storedName": "stored", **info}
    digests = [hashlib.sha256(chunk).digest() for chunk in chunks]
    head = {
        "v": 1,
        "ct": chunk_root(digests) if tree is None else tree,
        "info": (put(product, DAG_CBOR, cbor(texts)),),
        "root": (root,),
        "size": sum(map(len, chunks)) if size is None else size,
        "count": len(chunks) if count is None else count,
    }
    return put(product, DAG_CBOR, cbor(head))
