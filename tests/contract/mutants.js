// Proves that the contract's tests can fail: each patch under contracts/test/mutants breaks one rule in a copy of the
// source, and each test it names must turn red against the broken contract. Without arguments all of them are tried.
// The tests are compiled once; a mutant reaches them as creation code in the environment.
"use strict";
const { execFile } = require("node:child_process");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { report, script } = require("./report.js");
const { contracts, compile, forgeEnvironment, tool } = require("./toolchain.js");

const folder = path.join(contracts, "test", "mutants");
const workers = 2;
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "model-storage-mutants."));
process.once("exit", () => fs.rmSync(scratch, { recursive: true, force: true }));
let runs = 0;

function parse(file) {
    const text = fs.readFileSync(path.join(folder, file), "utf8");
    const red = /^Red: (\w+(?:, \w+)*)$/m.exec(text);
    const breaks = /^Breaks: (.+)$/m.exec(text);
    if (!red || !breaks) throw new Error(`${file}: the lines "Breaks:" and "Red:" are needed`);
    const hunks = text.split(/^@@ .* @@.*\n/m).slice(1).map((body) => {
        const lines = body.replace(/\n$/, "").split("\n");
        const side = (other) => lines.filter((l) => l[0] !== other).map((l) => l.slice(1) + "\n").join("");
        return { old: side("+"), new: side("-") };
    });
    if (hunks.length === 0) throw new Error(`${file}: no hunk`);
    return { name: file.replace(/\.patch$/, ""), breaks: breaks[1], red: red[1].split(", "), hunks };
}

// Line numbers are not looked at: the lines of a hunk must stand in the source exactly once.
function apply(source, mutant) {
    for (const hunk of mutant.hunks) {
        const parts = source.split(hunk.old);
        if (parts.length !== 2) throw new Error(`${mutant.name}: a hunk fits ${parts.length - 1} places; make the patch anew`);
        source = parts.join(hunk.new);
    }
    return source;
}

// Runs the named tests against the given creation code; resolves to how many are green and red. Anything else that
// ran, such as a setUp that failed, means that the tests themselves did not.
function run(names, code) {
    const pattern = names.join("|");
    const args = ["test", "--json", "--allow-failure", "--match-test", `^(${pattern})\\(`];
    const env = {
        ...forgeEnvironment(),
        REGISTRY_CODE: `0x${code}`,
        FOUNDRY_GAS_SNAPSHOT_EMIT: "false",
        // Whether random calls meet a mutant must not change from run to run.
        FOUNDRY_FUZZ_SEED: "0x1",
        FOUNDRY_INVARIANT_FAILURE_PERSIST_DIR: path.join(scratch, String(++runs)),
        FOUNDRY_FUZZ_FAILURE_PERSIST_DIR: path.join(scratch, String(runs)),
        FOUNDRY_TEST_FAILURES_FILE: path.join(scratch, `failures-${runs}`),
    };
    return new Promise((resolve, reject) => {
        execFile(tool("forge"), args, { cwd: contracts, env, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
            try {
                const tests = Object.values(JSON.parse(stdout.slice(stdout.indexOf("{"))))
                    .flatMap((suite) => Object.entries(suite.test_results));
                const strange = tests.find(([test]) => !names.includes(test.replace(/\(.*/, "")));
                if (strange) throw new Error(`${strange[0]}: ${strange[1].reason}`);
                const green = tests.filter(([, result]) => result.status === "Success").length;
                resolve({ green, red: tests.length - green });
            } catch (wrong) {
                reject(new Error(`forge did not run ${pattern}: ${wrong.message}\n${stderr}`));
            }
        });
    });
}

async function main() {
    const source = fs.readFileSync(path.join(contracts, "ChunkedModelRegistry.sol"), "utf8");
    const wanted = process.argv.slice(2);
    const files = fs.readdirSync(folder).filter((f) => f.endsWith(".patch")).sort();
    const mutants = files.map(parse).filter((m) => wanted.length === 0 || wanted.includes(m.name));

    // The same way of building and running must leave the tests green when nothing is broken.
    const named = [...new Set(mutants.flatMap((m) => m.red))];
    const control = await run(named, compile(source, { viaIR: false }).evm.bytecode.object);
    report(
        control.green === named.length && control.red === 0,
        `unbroken copy: ${control.green} of ${named.length} named tests green, ${control.red} red`,
    );

    const queue = [...mutants];
    async function work() {
        for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
            try {
                const code = compile(apply(source, mutant), { viaIR: false }).evm.bytecode.object;
                const { green, red } = await run(mutant.red, code);
                const seen = red === mutant.red.length && green === 0;
                const colour = seen ? "red" : `${green} times green, ${red} times red`;
                report(seen, `${mutant.name}: ${mutant.breaks} (${mutant.red.join(", ")}: ${colour})`);
            } catch (wrong) {
                report(false, `${mutant.name}: ${wrong.message}`);
            }
        }
    }
    await Promise.all(Array.from({ length: workers }, work));
}

script("mutants", main);
