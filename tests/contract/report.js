// Counts the cases of one script and prints them, each on its line, with the sum at the end.
"use strict";

let passed = 0;
let failed = 0;

function report(good, line) {
    if (good) ++passed;
    else ++failed;
    console.log(`${good ? "ok  " : "FAIL"} ${line}`);
}

// Runs the script; an exception ends it without the sum, which contracts/check takes for a failure.
async function script(name, main) {
    try {
        await main();
        console.log(`${name}: ${passed} passed, ${failed} failed`);
        process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
    } catch (wrong) {
        console.error(wrong.stack);
        process.exitCode = 1;
    }
}

module.exports = { report, script, failures: () => failed };
