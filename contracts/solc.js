// Front of the npm build of solc with the two options that forge uses, so that it needs no download.
// Sources come whole in the input; paths that forge names beside it change nothing.
"use strict";
const fs = require("fs");
const path = require("path");

// forge asks for the version before everything it does, and loading the compiler takes a second.
const known = path.join(__dirname, "solc-version");

if (process.argv.includes("--version")) {
    const version = fs.existsSync(known) ? fs.readFileSync(known, "utf8") : require("solc").version();
    console.log("solc, the solidity compiler commandline interface");
    console.log(`Version: ${version.trim()}`);
} else if (process.argv.includes("--standard-json")) {
    const input = fs.readFileSync(0, "utf8");
    process.stdout.write(require("solc").compile(input));
} else {
    console.error("solc: only --version and --standard-json are offered here");
    process.exitCode = 2;
}
