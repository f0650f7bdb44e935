// Front of the npm build of solc with the two options that forge uses, so that it needs no download.
// Sources come whole in the input; paths that forge names beside it change nothing.
"use strict";
const solc = require("solc");

if (process.argv.includes("--version")) {
    console.log("solc, the solidity compiler commandline interface");
    console.log(`Version: ${solc.version()}`);
} else if (process.argv.includes("--standard-json")) {
    const input = require("fs").readFileSync(0, "utf8");
    process.stdout.write(solc.compile(input));
} else {
    console.error("solc: only --version and --standard-json are offered here");
    process.exitCode = 2;
}
