// The npm compiler with the command line that py-solc-x expects of a native solc:
// `--version`, or `--standard-json` with the input on stdin and nothing but JSON on stdout. `--allow-paths X` is
// accepted and has no meaning here: every source is given as content.
"use strict";

const fs = require("node:fs");
const solc = require("solc");

if (process.argv.includes("--version")) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else if (process.argv.includes("--standard-json")) {
  process.stdout.write(solc.compile(fs.readFileSync(0, "utf8")));
} else {
  process.stderr.write("Only --version and --standard-json are supported.\n");
  process.exitCode = 1;
}
