import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { repository } from "../test/support/repository.ts";
import { generateDocs } from "./generated-docs.ts";

const { version } = JSON.parse(readFileSync(join(repository, "packages/cli/package.json"), "utf8")) as { version: string };
const generated = generateDocs(version);

// A change of the API or of the configuration must show in review: `npm run docs` writes these files anew.
test.each(Object.keys(generated))("docs/%s is what the contract says (else: npm run docs)", (file) => {
  expect(readFileSync(join(repository, "docs", file), "utf8")).toBe(generated[file]);
});

test("docs/dependencies.md has a row for each runtime dependency, and no other", () => {
  const packages = readdirSync(join(repository, "packages")).map((folder) => join(repository, "packages", folder, "package.json"));
  const used = packages.flatMap((file) =>
    Object.keys((JSON.parse(readFileSync(file, "utf8")) as { dependencies?: object }).dependencies ?? {}),
  );
  const rows = readFileSync(join(repository, "docs/dependencies.md"), "utf8").matchAll(/^\| ([^|]+) \|/gm);
  const named = [...rows].flatMap(([, cell]) => (cell as string).split(", ")).filter((name) => name !== "package");
  expect(named.toSorted()).toEqual([...new Set(used.filter((name) => !name.startsWith("@gantry/")))].toSorted());
});

test("the OpenAPI document is complete: every operation has an id, a security rule, and answers", () => {
  const { paths } = JSON.parse(generated["openapi.json"] as string) as { paths: Record<string, Record<string, Record<string, unknown>>> };
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  expect(operations.length).toBeGreaterThan(20);
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
  expect(operations.filter((operation) => operation["x-permission"] === undefined).map(({ operationId }) => operationId)).toEqual([
    "instances.health",
  ]);
});
