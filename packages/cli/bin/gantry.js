#!/usr/bin/env node
// Plain CommonJS: old versions of Node must reach the sentence below, not a syntax error, and Node starts it faster than a module.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `gantry needs Node 24.12 or newer and this is ${process.versions.node}: install a newer Node, or run it through npx in a folder that has npm's "node" package.\n`,
  );
  process.exit(78);
}
// A checkout runs its source, so that an old build can never be mistaken for the code at hand; a published package has only dist.
const { existsSync } = require("node:fs");
const source = `${__dirname}/../src/main.ts`;
if (existsSync(source)) void import(source);
else require("../dist/gantry.cjs");
