/** `npm run docs`: writes the parts of docs/ that follow from the contract; `npm run openapi` writes only openapi.json. */
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { generateDocs } from "./generated-docs.ts";

const root = resolve(import.meta.dirname, "..");
const { version } = JSON.parse(await readFile(join(root, "packages/cli/package.json"), "utf8")) as { version: string };
const only = process.argv[2];
for (const [file, text] of Object.entries(generateDocs(version))) {
  if (only === undefined || only === file) await writeFile(join(root, "docs", file), text);
}
