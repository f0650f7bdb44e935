// Compares every signed digest of the contract with ethers and with cast, on a real node, and carries messages that
// ethers signed to the contract, one of each kind.
"use strict";
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { manifestHead, sha256 } = require("./heads.js");
const { KEY, startAnvil } = require("./nodes.js");
const { report, script } = require("./report.js");
const { contracts, load, tool } = require("./toolchain.js");

const ethers = load("ethers");
const artefact = JSON.parse(fs.readFileSync(path.join(contracts, "ChunkedModelRegistry.json"), "utf8"));
const registry = new ethers.Interface(artefact.abi);
const DEADLINE = 4_102_444_800n;

const fields = (list) => list.split(",").map((field) => ({ type: field.split(" ")[0], name: field.split(" ")[1] }));
const TYPES = {
    Statement: fields("address publisher,string modelId,uint32 version,bytes32 manifest"),
    Status: fields("address publisher,string modelId,uint32 version,uint8 status,string reason,uint64 sequence"),
    Publish: fields("address publisher,string modelId,uint32 version,bytes32 manifest,uint256 deadline"),
    SetStatus: fields(
        "address publisher,string modelId,uint32 version,uint8 status,string reason,uint256 nonce,uint256 deadline",
    ),
    ProposeController: fields("address publisher,address controller,uint256 nonce,uint256 deadline"),
    AcceptController: fields("address publisher,address controller,uint256 nonce,uint256 deadline"),
    SetOperator: fields("address publisher,address operator,bool allowed,uint256 nonce,uint256 deadline"),
    SetSuccessor: fields("address publisher,address successor,uint256 nonce,uint256 deadline"),
};
const CHAINLESS = { name: "model-storage", version: "1" };
const TEXTS = ["", "a", "my-model", "r".repeat(31), "r".repeat(32), "r".repeat(33), "ø".repeat(64), "\u0000\n\"\\", "模型 🙂"];

// The signature that cast makes of the same typed data with the same key.
function castSignature(domain, name, message) {
    const domainFields = Object.keys(domain).map((key) => ({
        name: key,
        type: { chainId: "uint256", verifyingContract: "address" }[key] || "string",
    }));
    const plain = Object.fromEntries(
        Object.entries(message).map(([key, value]) => [
            key,
            typeof value === "bigint" ? value.toString() : value instanceof Uint8Array ? ethers.hexlify(value) : value,
        ]),
    );
    const data = { types: { EIP712Domain: domainFields, [name]: TYPES[name] }, primaryType: name, domain, message: plain };
    const args = ["wallet", "sign", "--private-key", KEY, "--data", JSON.stringify(data)];
    return execFileSync(tool("cast"), args, { encoding: "utf8" }).trim();
}

async function main() {
    const node = await startAnvil();
    try {
        const to = (await node.send(null, artefact.bytecode)).contractAddress;
        const ask = async (name, ...args) => {
            const data = registry.encodeFunctionData(name, args);
            return registry.decodeFunctionResult(name, await node.rpc("eth_call", { to, data }, "latest"))[0];
        };
        await chainless(node, ask);
        await relayed(node, to, ask);
        interfaceMatches();
    } finally {
        await node.stop();
    }
}

async function chainless(node, ask) {
    const me = node.wallet.address;
    for (const [i, text] of TEXTS.entries()) {
        const version = [0, 1, 88, 4294967295][i % 4];
        const statement = { publisher: me, modelId: text, version, manifest: sha256(text) };
        const made = await ask("statementDigest", me, text, version, statement.manifest);
        const want = ethers.TypedDataEncoder.hash(CHAINLESS, { Statement: TYPES.Statement }, statement);
        report(made === want, `Statement ${JSON.stringify(text.slice(0, 8))}: contract and ethers agree`);

        const status = {
            publisher: me, modelId: text, version, status: i % 3, reason: TEXTS[(i + 4) % TEXTS.length],
            sequence: i % 2 ? 18446744073709551615n : BigInt(i),
        };
        const madeStatus = await ask(
            "statusDigest", me, text, version, status.status, status.reason, status.sequence,
        );
        const wantStatus = ethers.TypedDataEncoder.hash(CHAINLESS, { Status: TYPES.Status }, status);
        report(madeStatus === wantStatus, `Status ${JSON.stringify(text.slice(0, 8))}: contract and ethers agree`);
        if (i !== 2) continue;
        for (const [name, message, digest] of [["Statement", statement, made], ["Status", status, madeStatus]]) {
            const signer = ethers.recoverAddress(digest, castSignature(CHAINLESS, name, message));
            report(signer === me, `${name}: what cast signs is signed for the contract's digest`);
        }
    }
}

async function relayed(node, to, ask) {
    const me = node.wallet.address;
    const domain = { name: "ChunkedModelRegistry", version: "1", chainId: node.chainId, verifyingContract: to };
    report((await ask("domainSeparator")) === ethers.TypedDataEncoder.hashDomain(domain), "domain separator");

    const head = manifestHead({ name: "relayed", size: 1000, count: 1 });
    const nonce = async () => {
        const data = registry.encodeFunctionData("namespaceOf", [me]);
        return registry.decodeFunctionResult("namespaceOf", await node.rpc("eth_call", { to, data }, "latest")).nonce;
    };
    const carry = async (name, call, message, args) => {
        const signature = await node.wallet.signTypedData(domain, { [name]: TYPES[name] }, message);
        const byCast = castSignature(domain, name, message);
        report(signature === byCast, `${name}: ethers and cast make the same signature`);
        await node.send(to, registry.encodeFunctionData(call, [...args, signature]));
        report(true, `${name}: the contract took the signature`);
    };
    const publisher = me;
    const deadline = DEADLINE;
    await carry(
        "Publish", "publishBySig", { publisher, modelId: "模型", version: 1, manifest: sha256(head), deadline },
        [publisher, "模型", 1, head, deadline, me],
    );
    let n = await nonce();
    await carry(
        "SetStatus", "setStatusBySig",
        { publisher, modelId: "模型", version: 1, status: 1, reason: "ältere Fassung", nonce: n, deadline },
        [publisher, "模型", 1, 1, "ältere Fassung", n, deadline],
    );
    n = await nonce();
    await carry(
        "SetOperator", "setOperatorBySig", { publisher, operator: to, allowed: true, nonce: n, deadline },
        [publisher, to, true, n, deadline],
    );
    n = await nonce();
    await carry(
        "SetSuccessor", "setSuccessorBySig", { publisher, successor: to, nonce: n, deadline },
        [publisher, to, n, deadline],
    );
    n = await nonce();
    await carry(
        "ProposeController", "proposeControllerBySig", { publisher, controller: me, nonce: n, deadline },
        [publisher, me, n, deadline],
    );
    n = await nonce();
    await carry(
        "AcceptController", "acceptControllerBySig", { publisher, controller: me, nonce: n, deadline },
        [publisher, me, n, deadline],
    );
}

// Selectors and event topics of the ABI as cast computes them; those of functions and events stand in the code too.
// (Those of errors may stand there shifted; that the code throws just these is what the forge tests look at.)
function interfaceMatches() {
    for (const fragment of registry.fragments) {
        const text = fragment.format("sighash");
        const [made, ask] = fragment.type === "event" ? [fragment.topicHash, "keccak"] : [fragment.selector, "sig"];
        const wanted = execFileSync(tool("cast"), [ask, text], { encoding: "utf8" }).trim();
        const inCode = fragment.type === "error" || artefact.bytecode.includes(wanted.slice(2));
        report(made === wanted && inCode, `${fragment.type} ${text} is ${wanted}`);
    }
}

script("digests", main);
