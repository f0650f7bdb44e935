// Measures every write of the registry on real nodes, checks the figures against what the project promises, and keeps
// them in docs/registry-gas.md. Everything that is sent is fixed, so the figures are exact; `--write` renews the page.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { fullTreeProof, manifestHead, sha256 } = require("./heads.js");
const { startAnvil, startGeth } = require("./nodes.js");
const { report, script } = require("./report.js");
const { compile, contracts, load, root } = require("./toolchain.js");

const ethers = load("ethers");
const PAGE = path.join(root, "docs", "registry-gas.md");
const FACTORY = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
const DEADLINE = 4_102_444_800n;
const NAIVE_CHUNKS = 20;
const ACTIVE = 0;
const INACTIVE = 1;
const REVOKED = 2;

const MIB = 2 ** 20;
const SHAPES = [
    { name: "1 chunk", size: 1000, count: 1, rootCodec: 0x55 },
    { name: "14,000 chunks", size: 14_000 * MIB, count: 14_000 },
    { name: "140,000 chunks", size: 140_000 * MIB, count: 140_000 },
    { name: "a directory of 13 files", size: 29 * MIB + 12_345, count: 41 },
    { name: "the same with whole-file digests", size: 29 * MIB + 12_345, count: 41, ext: true, longer: true },
];

// What each figure may cost: [Osaka, Amsterdam]. Without a limit a figure is for information.
const LIMITS = {
    "deploy": [2_000_000, 14_500_000],
    "deploy by the CREATE2 factory": [2_000_000, 14_500_000],
    "publish, first version": [135_000, 500_000],
    "publish, next version": [75_000, 180_000],
    "publishBySig, first version": [145_000, null],
    "setStatus, version 1, reason of 32 bytes": [40_000, null],
    "setStatus, version 88": [40_000, null],
    "setStatus, whole model": [40_000, null],
    "setStatus, first above version 88": [60_000, null],
    "setStatus, above version 88, reason of 256 bytes": [60_000, null],
    "verifyChunk, 18 steps, as eth_call": [150_000, 150_000],
};

const artefact = JSON.parse(fs.readFileSync(path.join(contracts, "ChunkedModelRegistry.json"), "utf8"));
const naive = compile(
    fs.readFileSync(path.join(contracts, "test", "NaiveRegistry.sol"), "utf8"), {}, "NaiveRegistry",
);
const registry = new ethers.Interface(artefact.abi);

async function measure(node) {
    const figures = new Map();
    const keep = (name, receipt) => figures.set(name, Number(receipt.gasUsed));
    const me = node.wallet.address;

    const created = await node.send(null, artefact.bytecode);
    keep("deploy", created);
    const to = created.contractAddress;
    keep("deploy by the CREATE2 factory", await node.send(FACTORY, artefact.create2.salt + artefact.bytecode.slice(2)));
    for (const address of [to, artefact.create2.address]) {
        const code = await node.rpc("eth_getCode", address, "latest");
        if (ethers.keccak256(code) !== artefact.codeHash) throw new Error(`${node.name}: other code at ${address}`);
    }

    const write = (name, ...args) => node.send(to, registry.encodeFunctionData(name, args));
    const head = (shape, version) => manifestHead({ ...shape, name: `${shape.name}, version ${version}` });
    const plain = SHAPES[1];

    keep("publish, a publisher's very first model", await write("publish", me, "earlier", 1, head(plain, 0)));
    for (const shape of SHAPES) {
        const id = `model-${SHAPES.indexOf(shape)}`;
        keep(`publish, first version, ${shape.name}`, await write("publish", me, id, 1, head(shape, 1)));
        keep(`publish, next version, ${shape.name}`, await write("publish", me, id, 2, head(shape, 2)));
    }
    const longId = "an-id-of-128-bytes".padEnd(128, "-");
    keep("publish, first version, id of 128 bytes", await write("publish", me, longId, 1, head(plain, 1)));
    keep("publish, next version, id of 128 bytes", await write("publish", me, longId, 2, head(plain, 2)));
    figures.set("publish, first version", figures.get(`publish, first version, ${plain.name}`));
    figures.set("publish, next version", figures.get(`publish, next version, ${plain.name}`));

    // The transaction is paid by another account than the signer.
    const signer = new ethers.Wallet(ethers.id("a publisher without ether"));
    const domain = { name: "ChunkedModelRegistry", version: "1", chainId: node.chainId, verifyingContract: to };
    const types = {
        Publish: [
            { name: "publisher", type: "address" }, { name: "modelId", type: "string" },
            { name: "version", type: "uint32" }, { name: "manifest", type: "bytes32" },
            { name: "deadline", type: "uint256" },
        ],
    };
    const relay = async (id) => {
        const bytes = head(plain, 1);
        const message = { publisher: signer.address, modelId: id, version: 1, manifest: sha256(bytes), deadline: DEADLINE };
        const signature = await signer.signTypedData(domain, types, message);
        return write("publishBySig", signer.address, id, 1, bytes, DEADLINE, signer.address, signature);
    };
    await relay("earlier");
    keep("publishBySig, first version", await relay("model-1"));

    const reason = "r".repeat(32);
    keep("setStatus, version 1, reason of 32 bytes", await write("setStatus", me, "model-1", 1, REVOKED, reason));
    keep("setStatus, whole model", await write("setStatus", me, "model-1", 0, INACTIVE, reason));
    keep("setStatus, whole model, back to active", await write("setStatus", me, "model-1", 0, ACTIVE, reason));
    for (const version of [88, 89, 90]) await write("publish", me, "model-1", version, head(plain, version));
    keep("setStatus, version 88", await write("setStatus", me, "model-1", 88, REVOKED, reason));
    keep("setStatus, first above version 88", await write("setStatus", me, "model-1", 89, INACTIVE, reason));
    keep(
        "setStatus, above version 88, reason of 256 bytes",
        await write("setStatus", me, "model-1", 90, INACTIVE, "r".repeat(256)),
    );
    keep("setOperator", await write("setOperator", me, signer.address, true));
    keep("setSuccessor", await write("setSuccessor", me, signer.address));
    keep("proposeController", await write("proposeController", me, me));
    keep("acceptController", await write("acceptController", me));

    await chunkProof(node, to, figures, write);
    await perChunk(node, figures);
    return figures;
}

async function chunkProof(node, to, figures, write) {
    const index = 140_000;
    const { chunk, proof, count, chunkRoot } = fullTreeProof(18, index);
    const head = manifestHead({ name: "proof", chunkRoot, size: count * MIB, count });
    const me = node.wallet.address;
    await write("publish", me, "proof", 1, head);
    const ask = async (digest, gas) => {
        const data = registry.encodeFunctionData("verifyChunk", [me, "proof", 1, head, index, count, digest, proof]);
        const call = { from: me, to, data, ...(gas ? { gas: ethers.toQuantity(gas) } : {}) };
        if (!gas) return Number(await node.rpc("eth_estimateGas", call));
        return registry.decodeFunctionResult("verifyChunk", await node.rpc("eth_call", call, "latest"))[0];
    };
    figures.set("verifyChunk, 18 steps, as eth_call", await ask(chunk));
    if (!(await ask(chunk, 150_000))) throw new Error(`${node.name}: a true proof was refused`);
    if (await ask(sha256("another chunk"), 150_000)) throw new Error(`${node.name}: a false proof was taken`);
}

// The usual design, one transaction a chunk: contracts/test/NaiveRegistry.sol.
async function perChunk(node, figures) {
    const abi = new ethers.Interface(naive.abi);
    const { contractAddress } = await node.send(null, `0x${naive.evm.bytecode.object}`);
    const write = (name, ...args) => node.send(contractAddress, abi.encodeFunctionData(name, args));
    const registered = await write("registerModel", "my-model-v1", "My Model", NAIVE_CHUNKS * MIB, NAIVE_CHUNKS);
    let total = 0;
    for (let i = 0; i < NAIVE_CHUNKS; ++i) {
        const digest = sha256(`naive chunk ${i}`).toString("hex");
        const receipt = await write("addChunk", "my-model-v1", `bafkrei${digest.slice(0, 52)}`, digest, i, MIB);
        total += Number(receipt.gasUsed);
    }
    figures.set("naive design, registration", Number(registered.gasUsed));
    figures.set("naive design, one chunk", Math.round(total / NAIVE_CHUNKS));
}

// ------------------------------------------------------------------------------------------------------- verdicts

const number = (n) => n.toLocaleString("en-US");

function judge(node, figures, column) {
    for (const [name, limits] of Object.entries(LIMITS)) {
        const [limit, figure] = [limits[column], figures.get(name)];
        if (limit) report(figure <= limit, `${node}: ${name}: ${number(figure)} of at most ${number(limit)}`);
    }
    for (const which of ["first", "next"]) {
        const base = figures.get(`publish, ${which} version`);
        const within = (name, share) => {
            const figure = figures.get(`publish, ${which} version, ${name}`);
            const off = (100 * (figure - base)) / base;
            report(
                Math.abs(off) <= share,
                `${node}: ${which} version, ${name}: ${off.toFixed(2)} % off the one of 14,000 chunks, at most ${share} %`,
            );
        };
        // The optional list is a link more in the head: 1,350 gas, shown on the page.
        for (const shape of SHAPES) within(shape.name, shape.longer ? 3 : 2);
        within("id of 128 bytes", 4);
    }
}

function page(columns) {
    const names = [...columns[0].figures.keys()];
    const row = (cells) => `| ${cells.join(" | ")} |`;
    const rows = names.filter((n) => !n.startsWith("naive")).map((name) => {
        const limits = LIMITS[name] || [null, null];
        const most = limits.map((l) => (l ? number(l) : "-"));
        return row([name, ...columns.map((c) => number(c.figures.get(name))), ...most]);
    });
    const [ours, chunk, start] = ["publish, first version", "naive design, one chunk", "naive design, registration"];
    const compared = columns.map(({ node, figures }) =>
        row([
            node, number(figures.get(ours)), "1", number(figures.get(chunk)),
            number(figures.get(start) + 14_000 * figures.get(chunk)), "14,001",
            number(Math.round((figures.get(start) + 14_000 * figures.get(chunk)) / figures.get(ours))),
        ]));
    return `# Gas of the registry

Written by tests/contract/gas.js, which sends each of these as a real transaction: on anvil with the rules of Osaka and
on geth with the two genesis files beside that script. \`contracts/check\` measures again and fails when a figure differs
from this page or is above its limit.

${row(["write", ...columns.map((c) => c.node), "limit, Osaka", "limit, Amsterdam"])}
${row(["---", ...columns.map(() => "---:"), "---:", "---:"])}
${rows.join("\n")}

\`verifyChunk\` is free as an eth_call; its figure is what the node's estimate says a transaction would need.

## Beside one transaction a chunk

The usual design keeps each chunk as text in storage (contracts/test/NaiveRegistry.sol: nine new words a chunk).
The registration and ${NAIVE_CHUNKS} chunks were sent here; the 14,000-chunk column is computed from them.

${row(["node", "this registry, any size", "transactions", "naive, one chunk", "naive, 14,000 chunks", "transactions", "times as much"])}
${row(["---", "---:", "---:", "---:", "---:", "---:", "---:"])}
${compared.join("\n")}

Those 14,001 transactions need consecutive nonces: one that is dropped strands all that follow, and a model whose upload
stopped between two chunks stays half registered. Here a version stands whole after one transaction, or not at all.
`;
}

async function main() {
    const starts = [() => startAnvil(), () => startGeth("Osaka"), () => startGeth("Amsterdam")];
    const columns = [];
    for (const begin of starts) {
        const node = await begin();
        try {
            columns.push({ node: node.name, figures: await measure(node) });
        } finally {
            await node.stop();
        }
    }
    for (const { node, figures } of columns) judge(node, figures, node.includes("Amsterdam") ? 1 : 0);

    const text = page(columns);
    if (process.argv.includes("--write")) fs.writeFileSync(PAGE, text);
    const same = fs.existsSync(PAGE) && fs.readFileSync(PAGE, "utf8") === text;
    report(same, "docs/registry-gas.md holds these figures (renew it with: node tests/contract/gas.js --write)");
}

script("gas", main);
