// Rebuilds the contract and compares it with the committed contracts/ChunkedModelRegistry.json; `--write` renews it.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { report, script } = require("./report.js");
const { contracts, compile, load, settings, SOURCE } = require("./toolchain.js");

const ethers = load("ethers");
const FILE = path.join(contracts, "ChunkedModelRegistry.json");
const FACTORY = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
const SALT = ethers.ZeroHash;

function build() {
    const made = compile(fs.readFileSync(path.join(contracts, SOURCE), "utf8"));
    const bytecode = `0x${made.evm.bytecode.object}`;
    return {
        made,
        artefact: {
            abi: made.abi,
            bytecode,
            codeHash: ethers.keccak256(`0x${made.evm.deployedBytecode.object}`),
            compiler: { version: load("solc").version(), settings: settings() },
            create2: {
                factory: FACTORY,
                salt: SALT,
                address: ethers.getCreate2Address(FACTORY, SALT, ethers.keccak256(bytecode)),
            },
        },
    };
}

// The instructions of the code, without the bytes that PUSH carries.
function opcodes(hex) {
    const code = Buffer.from(hex, "hex");
    const found = new Set();
    for (let i = 0; i < code.length; ++i) {
        found.add(code[i]);
        if (code[i] >= 0x60 && code[i] <= 0x7f) i += code[i] - 0x5f;
    }
    return found;
}

// Every function, event and error says what it is for, and names each of its parameters and results.
function documented(made) {
    const kinds = { function: "methods", event: "events", error: "errors" };
    for (const item of made.abi.filter((i) => kinds[i.type])) {
        const signature = new ethers.Interface([item]).fragments[0].format("sighash");
        const first = (doc) => (Array.isArray(doc) ? doc[0] : doc) || {};
        const user = first(made.userdoc[kinds[item.type]]?.[signature]);
        const dev = first(made.devdoc[kinds[item.type]]?.[signature]);
        const inputs = item.inputs.every((input) => dev.params?.[input.name]);
        const outputs = (item.outputs || []).every((output, i) => dev.returns?.[output.name || `_${i}`]);
        report(Boolean(user.notice) && inputs && outputs, `${item.type} ${signature} is documented`);
    }
}

function main() {
    const { made, artefact } = build();
    const text = `${JSON.stringify(artefact, null, 2)}\n`;
    if (process.argv.includes("--write")) fs.writeFileSync(FILE, text);
    const committed = fs.existsSync(FILE) ? JSON.parse(fs.readFileSync(FILE, "utf8")) : {};
    for (const key of Object.keys(artefact)) {
        report(
            JSON.stringify(committed[key]) === JSON.stringify(artefact[key]),
            `${key} is what the source compiles to (renew it with: node tests/contract/artefact.js --write)`,
        );
    }

    const forge = JSON.parse(fs.readFileSync(path.join(contracts, ".build", "out", SOURCE, "ChunkedModelRegistry.json"), "utf8"));
    report(forge.bytecode.object === artefact.bytecode, "forge with foundry.toml makes the same code");

    const used = opcodes(made.evm.deployedBytecode.object);
    const banned = { SELFDESTRUCT: 0xff, DELEGATECALL: 0xf4, CALLCODE: 0xf2, CALL: 0xf1, CREATE: 0xf0, CREATE2: 0xf5, PUSH0: 0x5f, ORIGIN: 0x32 };
    for (const [name, code] of Object.entries(banned)) report(!used.has(code), `the code has no ${name}`);
    report(made.evm.deployedBytecode.object.length / 2 <= 24_576, "the code is within the size limit of EIP-170");

    const layout = made.storageLayout.storage.map((v) => `${v.slot} ${v.offset} ${v.label} ${v.type}`);
    const wanted = [
        "heads t_mapping(t_bytes32,t_struct(Head)_storage)",
        "manifests t_mapping(t_bytes32,t_mapping(t_uint256,t_bytes32))",
        "laterStatuses t_mapping(t_bytes32,t_mapping(t_uint256,t_uint256))",
        "ids t_mapping(t_address,t_array(t_bytes32)dyn_storage)",
        "namespaces t_mapping(t_address,t_struct(Namespace)_storage)",
        "operators t_mapping(t_address,t_mapping(t_uint256,t_mapping(t_address,t_bool)))",
        "pendingControllers t_mapping(t_address,t_address)",
        "successors t_mapping(t_address,t_address)",
    ].map((line, slot) => `${slot} 0 ${line}`);
    const plain = layout.map((line) => line.replace(/\((\w+)\)\d+_storage/g, "($1)_storage"));
    report(JSON.stringify(plain) === JSON.stringify(wanted), "the storage layout is the frozen one");
    const members = (name) =>
        Object.entries(made.storageLayout.types).find(([key]) => key.startsWith(`t_struct(${name})`))[1]
            .members.map((m) => `${m.slot}.${m.offset} ${m.label}`).join(", ");
    report(members("Head") === "0.0 newest, 0.4 status, 0.5 newestAt, 0.10 statuses", "the head word is packed as frozen");
    report(members("Namespace") === "0.0 controller, 0.20 term, 0.24 nonce", "the namespace word is packed as frozen");

    documented(made);
}

script("artefact", main);
