"""How blocks are named: a CID as text and as bytes, and the file of a block in the layout of Kubo's flatfs."""

import base64

EMPTY_FOLDER = "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354"


def cid_bytes(cid: str) -> bytes:
    """The binary form of a CIDv1 in base32."""
    body = cid[1:].upper()
    return base64.b32decode(body + "=" * (-len(body) % 8))


def cid_text(cid: bytes) -> str:
    return "b" + base64.b32encode(cid).decode().lower().rstrip("=")


def block_name(cid: str) -> str:
    """The path below the blocks folder; it speaks of the multihash alone, so that two codecs share a file."""
    key = base64.b32encode(cid_bytes(cid)[2:]).decode().rstrip("=")
    return f"{key[-3:-1]}/{key}.data"
