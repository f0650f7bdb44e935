// Manifest heads as the library writes them, and chunk proofs, for tests that need real shapes and sizes.
"use strict";
const { createHash } = require("node:crypto");

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();

function unsigned(major, value) {
    const n = BigInt(value);
    const head = major << 5;
    if (n < 24n) return Buffer.from([head | Number(n)]);
    const [tag, bytes] = n < 0x100n ? [24, 1] : n < 0x10000n ? [25, 2] : n < 0x100000000n ? [26, 4] : [27, 8];
    const out = Buffer.alloc(1 + bytes);
    out[0] = head | tag;
    for (let i = 0; i < bytes; ++i) out[bytes - i] = Number((n >> BigInt(8 * i)) & 0xffn);
    return out;
}

const text = (value) => Buffer.concat([unsigned(3, value.length), Buffer.from(value)]);
const bytes = (value) => Buffer.concat([unsigned(2, value.length), value]);

// A link in dag-cbor: tag 42 over a zero byte and the CIDv1 with a SHA-256.
function link(codec, name) {
    const cid = Buffer.concat([Buffer.from([0x00, 0x01, codec, 0x12, 0x20]), sha256(name)]);
    return Buffer.concat([Buffer.from([0xd8, 0x2a]), bytes(cid)]);
}

// The head of a version: chunk root, information, root of the content, sizes; `ext` adds the optional list.
function manifestHead({ name, chunkRoot, size, count, rootCodec = 0x70, ext = false }) {
    const pairs = [
        [text("v"), unsigned(0, 1)],
        [text("ct"), bytes(chunkRoot || sha256("chunks of ", name))],
        ...(ext ? [[text("ext"), link(0x71, `ext of ${name}`)]] : []),
        [text("info"), link(0x71, `info of ${name}`)],
        [text("root"), link(rootCodec, `root of ${name}`)],
        [text("size"), unsigned(0, size)],
        [text("count"), unsigned(0, count)],
    ];
    return Buffer.concat([unsigned(5, pairs.length), ...pairs.flat()]);
}

// A chunk digest with a proof of `steps` steps at place `index` of a full tree, and the chunk root it leads to.
function fullTreeProof(steps, index) {
    const chunk = sha256("chunk");
    const proof = Array.from({ length: steps }, (_, i) => sha256(`sibling ${i}`));
    let hash = sha256(Buffer.from([0]), chunk);
    proof.forEach((sibling, i) => {
        const pair = (index >> i) & 1 ? [sibling, hash] : [hash, sibling];
        hash = sha256(Buffer.from([1]), ...pair);
    });
    const count = Buffer.alloc(8);
    count.writeBigUInt64BE(1n << BigInt(steps));
    return { chunk, proof, count: 2 ** steps, chunkRoot: sha256(Buffer.from([2]), count, hash) };
}

module.exports = { fullTreeProof, manifestHead, sha256 };
