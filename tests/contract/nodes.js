// Starts real nodes for a test and stops them: anvil with the rules of Osaka, geth with a genesis of ours.
"use strict";
const { execFileSync, spawn } = require("node:child_process");
const fs = require("node:fs");
const net = require("node:net");
const os = require("node:os");
const path = require("node:path");
const { load, made, tool } = require("./toolchain.js");

// Funded on every node here; anvil's well-known first key.
const KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const START_MS_MAX = 60_000;
const MINED_MS_MAX = 60_000;

function freePort() {
    return new Promise((resolve, reject) => {
        const server = net.createServer();
        server.on("error", reject);
        server.listen(0, "127.0.0.1", () => {
            const { port } = server.address();
            server.close(() => resolve(port));
        });
    });
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Node {
    constructor(name, url, child, folder) {
        Object.assign(this, { name, url, child, folder, id: 0, nonce: 0 });
        this.wallet = new (load("ethers").Wallet)(KEY);
    }

    async rpc(method, ...params) {
        const body = JSON.stringify({ jsonrpc: "2.0", id: ++this.id, method, params });
        const answer = await fetch(this.url, { method: "POST", headers: { "content-type": "application/json" }, body });
        const { result, error } = await answer.json();
        if (error) throw Object.assign(new Error(`${this.name}: ${method}: ${error.message}`), { data: error.data });
        return result;
    }

    async ready() {
        const end = Date.now() + START_MS_MAX;
        for (;;) {
            try {
                this.chainId = Number(await this.rpc("eth_chainId"));
                return this;
            } catch (wrong) {
                if (this.child.exitCode !== null || Date.now() > end) {
                    throw new Error(`${this.name} did not start: ${this.said()}`);
                }
                await pause(50);
            }
        }
    }

    said() {
        return fs.readFileSync(path.join(this.folder, "log"), "utf8").slice(-2000);
    }

    // A young geth answers with an error while it builds its index.
    async receipt(hash) {
        try {
            return await this.rpc("eth_getTransactionReceipt", hash);
        } catch (wrong) {
            if (wrong.message.includes("indexing is in progress")) return null;
            throw wrong;
        }
    }

    // Signs a transaction with the funded key, sends it and returns its receipt, which must not be a failure.
    async send(to, data) {
        const call = { from: this.wallet.address, data, ...(to ? { to } : {}) };
        const estimate = BigInt(await this.rpc("eth_estimateGas", call));
        const raw = await this.wallet.signTransaction({
            type: 2, chainId: this.chainId, nonce: this.nonce, to, data,
            gasLimit: estimate + estimate / 10n,
            maxFeePerGas: 10_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n,
        });
        const hash = await this.rpc("eth_sendRawTransaction", raw);
        ++this.nonce;
        const end = Date.now() + MINED_MS_MAX;
        for (;;) {
            const receipt = await this.receipt(hash);
            if (receipt) {
                if (receipt.status !== "0x1") throw new Error(`${this.name}: ${hash} failed`);
                return receipt;
            }
            if (Date.now() > end) throw new Error(`${this.name}: ${hash} was not mined: ${this.said()}`);
            await pause(10);
        }
    }

    async stop() {
        if (this.child.exitCode === null) {
            const gone = new Promise((resolve) => this.child.once("exit", resolve));
            this.child.kill("SIGTERM");
            await gone;
        }
        fs.rmSync(this.folder, { recursive: true, force: true });
    }
}

function start(name, port, binary, args, folder) {
    const log = fs.openSync(path.join(folder, "log"), "a");
    const child = spawn(binary, args, { stdio: ["ignore", log, log] });
    fs.closeSync(log);
    child.on("error", (wrong) => fs.appendFileSync(path.join(folder, "log"), wrong.message));
    process.once("exit", () => child.kill("SIGKILL"));
    return new Node(name, `http://127.0.0.1:${port}`, child, folder).ready();
}

function scratch() {
    return fs.mkdtempSync(path.join(os.tmpdir(), "model-storage-node."));
}

async function startAnvil() {
    const port = await freePort();
    const args = ["--port", String(port), "--hardfork", "osaka", "--enable-tx-gas-limit", "--gas-limit", "60000000"];
    return start("anvil, Osaka", port, tool("anvil"), args, scratch());
}

async function startGeth(fork) {
    const folder = scratch();
    const geth = path.join(process.env.MODEL_STORAGE_GETH || made("geth"), "geth");
    const data = path.join(folder, "data");
    const genesis = path.join(__dirname, "genesis", `${fork.toLowerCase()}.json`);
    execFileSync(geth, ["init", "--datadir", data, genesis], { stdio: "ignore" });
    const [port, engine] = [await freePort(), await freePort()];
    const args = [
        "--dev", "--datadir", data, "--http", "--http.addr", "127.0.0.1", "--http.port", String(port),
        "--http.api", "eth,net,web3,debug,txpool", "--authrpc.port", String(engine), "--port", "0",
        "--ipcdisable", "--nodiscover", "--maxpeers", "0",
    ];
    return start(`geth, ${fork}`, port, geth, args, folder);
}

module.exports = { KEY, startAnvil, startGeth };
