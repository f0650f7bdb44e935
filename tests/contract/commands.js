// Runs the shell commands of docs/registry.md as they stand there, against a fresh node with one published model, and
// checks that what the page says of the artefact is so.
"use strict";
const { execFileSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");
const { manifestHead, sha256 } = require("./heads.js");
const { startAnvil, startGeth } = require("./nodes.js");
const { failures, report, script } = require("./report.js");
const { contracts, load, root } = require("./toolchain.js");

const ethers = load("ethers");
const artefact = JSON.parse(fs.readFileSync(path.join(contracts, "ChunkedModelRegistry.json"), "utf8"));
const registry = new ethers.Interface(artefact.abi);
const page = fs.readFileSync(path.join(root, "docs", "registry.md"), "utf8");

function run(script, env) {
    try {
        return execFileSync("sh", ["-eu", "-c", script], { cwd: root, encoding: "utf8", env: { ...process.env, ...env } });
    } catch (wrong) {
        return `${wrong.stdout}${wrong.stderr}`;
    }
}

async function tour(node) {
    const { factory, salt, address } = artefact.create2;
    await node.send(factory, salt + artefact.bytecode.slice(2));
    const chunkRoot = sha256("chunks");
    const head = manifestHead({ name: "tour", chunkRoot, size: 14_000 * 2 ** 20, count: 14_000 });
    const write = (name, ...args) => node.send(address, registry.encodeFunctionData(name, args));
    await write("publish", node.wallet.address, "my-model", 1, head);
    await write("publish", node.wallet.address, "my-model", 4, manifestHead({ name: "next", size: 1, count: 1 }));
    await write("setStatus", node.wallet.address, "my-model", 1, 1, "superseded");

    const script = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map((block) => block[1]).join("\n");
    const said = run(script, { RPC: node.url, PUBLISHER: node.wallet.address });
    const digest = sha256(head).toString("hex");
    const wanted = [
        `chain ${node.chainId}\n`,
        "the code is the registry's\n",
        `manifest ${digest}\n`,
        "version  1 of 4, published 2",
        "status   model 0, version 1 (",
        `block    f01711220${digest}\n`,
        "the head is the one on record\n",
        `chunk root ${chunkRoot.toString("hex")}\n`,
        "the state holds the same digest at slot 0x",
        "and the node offers a proof\n",
    ];
    for (const line of wanted) report(said.includes(line), `${node.name}: the commands say "${line.trim()}"`);
    if (failures() > 0) console.log(said);
    const unknown = run(script, { RPC: node.url, PUBLISHER: node.wallet.address, VERSION: "3" });
    report(unknown.includes("the node gave no result"), `${node.name}: an unknown version is no record`);
}

async function main() {
    report(page.includes(artefact.create2.address), "the page names the address");
    report(page.includes(artefact.codeHash), "the page names the code hash");
    const mutants = fs.readdirSync(path.join(contracts, "test", "mutants")).length;
    report(page.includes(`${mutants} mutants`), "the page names the number of mutants");
    const gas = fs.readFileSync(path.join(root, "docs", "registry-gas.md"), "utf8");
    const costs = /^## Costs$([^]*?)^## /m.exec(page)[1];
    const figures = costs.match(/\d{2,3},\d{3}(?! ?(?:chunks|,))/g).filter((f) => !["14,001", "14,000", "140,000"].includes(f));
    for (const figure of figures) report(gas.includes(` ${figure} |`), `the figure ${figure} is a measured one`);
    for (const start of [startAnvil, () => startGeth("Osaka")]) {
        const node = await start();
        try {
            await tour(node);
        } finally {
            await node.stop();
        }
    }
}

script("commands", main);
