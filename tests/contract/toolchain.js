// Where the contract, the pinned tools and their modules are, and the one way the contract is compiled.
"use strict";
const { execFileSync } = require("node:child_process");
const path = require("node:path");

const root = path.resolve(__dirname, "..", "..");
const contracts = path.join(root, "contracts");
const SOURCE = "ChunkedModelRegistry.sol";
const CONTRACT = "ChunkedModelRegistry";
const OUTPUTS = ["abi", "evm.bytecode.object", "evm.deployedBytecode.object", "storageLayout", "userdoc", "devdoc"];

let folder = process.env.MODEL_STORAGE_EVM_TOOLS;

// The last line that a tool script prints is the folder it made.
function made(script) {
    const out = execFileSync(path.join(root, "tools", script), { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
    return out.trim().split("\n").pop();
}

function tool(name) {
    folder = folder || made("evm-tools");
    return path.join(folder, name);
}

function load(name) {
    return require(path.join(tool(".."), "node_modules", name));
}

// forge would look for a compiler to download.
function forgeEnvironment() {
    return { ...process.env, FOUNDRY_SOLC: tool("solc") };
}

// Settings of the artefact; foundry.toml has the same, and the artefact test compares what both make of them.
function settings(changes) {
    return {
        viaIR: true,
        optimizer: { enabled: true, runs: 200 },
        evmVersion: "paris",
        metadata: { bytecodeHash: "none", appendCBOR: false },
        ...changes,
    };
}

// Compiles the given source text with the settings of the artefact and returns solc's output for the contract.
function compile(text, changes, contract = CONTRACT) {
    const input = {
        language: "Solidity",
        sources: { [SOURCE]: { content: text } },
        settings: {
            ...settings(changes),
            outputSelection: { "*": { "*": OUTPUTS } },
        },
    };
    const output = JSON.parse(load("solc").compile(JSON.stringify(input)));
    const errors = (output.errors || []).filter((e) => e.severity === "error");
    if (errors.length > 0) throw new Error(errors.map((e) => e.formattedMessage).join("\n"));
    return output.contracts[SOURCE][contract];
}

module.exports = { root, contracts, SOURCE, made, tool, load, forgeEnvironment, settings, compile };
