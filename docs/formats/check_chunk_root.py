#!/usr/bin/env python3
"""Recompute the chunk root of a model: model-storage info REF --chunks --json | check_chunk_root.py"""
import base64
import hashlib
import json
import sys

model = json.load(sys.stdin)
digests = [bytes.fromhex(chunk["sha256"][2:]) for chunk in model["chunks"]]
cids = ["b" + base64.b32encode(b"\x01\x55\x12\x20" + d).decode().lower().rstrip("=") for d in digests]
level = [hashlib.sha256(b"\x00" + digest).digest() for digest in digests]
while len(level) > 1:  # Neighbours are paired; an odd last one moves up as it is.
    pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
    level = [hashlib.sha256(b"\x01" + b"".join(p)).digest() if len(p) == 2 else p[0] for p in pairs]
root = "0x" + hashlib.sha256(b"\x02" + len(digests).to_bytes(8, "big") + level[0]).hexdigest()
good = root == model["chunkRoot"] and cids == [chunk["cid"] for chunk in model["chunks"]]
print(root, "is the chunk root" if good else f"differs from {model['chunkRoot']}, or a CID from its digest")
sys.exit(0 if good else 4)
