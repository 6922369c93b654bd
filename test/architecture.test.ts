/** The house's rules hold: directions of imports, start-up cost, and the look of every file. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { checkContractGlobals, checkFile } from "./architecture/file-rules.ts";
import { checkImports, checkStartUp, daemonParts, importRules, roomRules, rooms, startUpRules } from "./architecture/import-rules.ts";
import { createResolver, parseSource, readSources } from "./architecture/sources.ts";
import { repository } from "./support/repository.ts";

describe("this repository", () => {
  const sources = readSources(repository);
  const folders = (path: string) =>
    readdirSync(join(repository, path), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  const daemonFolders = folders("packages/daemon/src");
  const existingRooms = rooms.filter((room) => daemonFolders.includes(room));

  test("imports only in the permitted directions", () => {
    expect(checkImports(sources, [...importRules, ...roomRules(existingRooms)])).toEqual([]);
  });

  test("starts the CLI without loading what is slow", () => {
    expect(checkStartUp(sources, startUpRules)).toEqual([]);
  });

  test("has a folder for each room and no other", () => {
    expect(daemonFolders.filter((name) => !rooms.includes(name) && !daemonParts.includes(name))).toEqual([]);
    expect(folders("packages/cli/src").filter((name) => !rooms.includes(name) && !["output", "completions"].includes(name))).toEqual([]);
  });

  test("keeps the contract free of Node and of the DOM", () => {
    expect(sources.filter(({ path }) => /^packages\/contract\/src\/(?!.*\.test\.)/.test(path)).flatMap(checkContractGlobals)).toEqual([]);
  });

  test("has files with a head, of readable size, well named, and finished", () => {
    expect(sources.flatMap(checkFile)).toEqual([]);
  });

  test("stands alone: nothing in it refers to plans that are kept elsewhere", () => {
    const elsewhere = ["shared", "design"].join("/");
    const files = execFileSync("git", ["ls-files", "-z"], { cwd: repository, encoding: "utf8" }).split("\0").filter(Boolean);
    const text = files.filter((file) => !/\.(?:png|gif|svg|ico|woff2?)$/.test(file));
    expect(text.filter((file) => readFileSync(join(repository, file), "utf8").includes(elsewhere))).toEqual([]);
  });
});

describe("the checker itself", () => {
  const resolve = createResolver(repository);
  const sample = (path: string, text: string) => parseSource(path, text, resolve);
  const complaintsOf = (path: string, text: string) =>
    checkImports([sample(path, text)], [...importRules, ...roomRules(rooms)]).filter((complaint) => !complaint.startsWith("stale"));

  test.each([
    ["packages/contract/src/a.ts", 'import "node:fs";'],
    ["packages/contract/src/a.ts", 'import { x } from "lodash";'],
    ["packages/client/src/a.ts", 'import { x } from "../../daemon/src/daemon.ts";'],
    ["packages/client/src/a.ts", 'import { connect } from "node:net";'],
    ["packages/client/src/a.ts", 'export * from "./node/index.ts";'],
    ["packages/cli/src/a.ts", 'const x = await import("@gantry/daemon/main");'],
    ["packages/dashboard/src/a.tsx", 'import { x } from "@gantry/client/node";'],
    ["packages/daemon/src/a.ts", 'import type { X } from "@gantry/client";'],
    ["packages/daemon/src/sessions/service.ts", 'import { x } from "../executions/service.ts";'],
    ["packages/daemon/src/sessions/service.ts", 'import type { X } from "../executions/state.ts";'],
    ["packages/daemon/src/sessions/service.ts", 'type X = import("../transport/http.ts").X;'],
    ["packages/daemon/src/sessions/service.ts", 'import type { Database } from "../storage/tables.ts";'],
    ["packages/daemon/src/sessions/screen.ts", 'import { sql } from "kysely";'],
    ["packages/daemon/src/sessions/handlers.ts", 'import { x } from "./store.ts";'],
    ["packages/daemon/src/sessions/service.ts", 'import { x } from "./handlers.ts";'],
    ["packages/daemon/src/sessions/state.ts", 'import { x } from "../core/clock.ts";'],
    ["packages/daemon/src/transport/http.ts", 'import { x } from "../sessions/service.ts";'],
    ["packages/daemon/src/core/clock.ts", 'import { x } from "../config.ts";'],
    ["packages/daemon/src/host/child.ts", 'import { x } from "../sessions/service.ts";'],
    ["packages/daemon/src/host/child.ts", 'import { fastify } from "fastify";'],
    ["packages/daemon/src/daemon.ts", 'import { sql } from "kysely";'],
  ])("refuses in %s: %s", (path, text) => {
    expect(complaintsOf(path, text)).not.toEqual([]);
  });

  test.each([
    ["packages/contract/src/a.ts", 'import { z } from "zod"; import { x } from "./b.ts";'],
    [
      "packages/daemon/src/sessions/service.ts",
      'import { x } from "./store.ts"; import { GantryError } from "@gantry/contract"; import { y } from "../core/clock.ts";',
    ],
    ["packages/daemon/src/sessions/store.ts", 'import { sql } from "kysely"; import type { Database } from "../storage/tables.ts";'],
    ["packages/daemon/src/daemon.ts", 'import { x } from "./sessions/service.ts"; import { y } from "./transport/http.ts";'],
  ])("permits in %s: %s", (path, text) => {
    expect(complaintsOf(path, text)).toEqual([]);
  });

  test("calls a rule stale when it matches no file", () => {
    expect(checkImports([], [{ from: /^nowhere\//, never: /x/, reason: "because" }])).toEqual([expect.stringContaining("stale rule")]);
    expect(checkStartUp([], [{ roots: ["gone.ts"], never: /x/, reason: "because" }])).toEqual([expect.stringContaining("stale rule")]);
  });

  test("follows imports at start-up through other files, but not types and not dynamic imports", () => {
    const files = [
      sample("packages/cli/src/main.ts", 'import { a } from "./a.ts"; import type { Z } from "./c.ts"; const d = () => import("./c.ts");'),
      sample("packages/cli/src/a.ts", 'import { b } from "@gantry/contract/b";'),
      sample("packages/contract/src/b.ts", 'import { type Infer } from "zod";'),
      sample("packages/cli/src/c.ts", 'import { createServer } from "node:http";'),
    ];
    const rule = { roots: ["packages/cli/src/main.ts"], never: /^(?:npm:zod|node:http)$/, reason: "slow" };
    expect(checkStartUp(files, [rule])).toEqual([
      "packages/cli/src/main.ts → packages/cli/src/a.ts → packages/contract/src/b.ts → npm:zod: slow",
    ]);
  });

  const head = "/** Does one thing. */\n";
  const unfinished = ["TO", "DO"].join("");
  test.each([
    ["packages/x/src/a.ts", "export const a = 1;", /does not begin with a sentence/],
    ["packages/x/src/a.ts", "/** no stop */\nexport const a = 1;", /does not begin with a sentence/],
    ["packages/x/src/a.ts", head + "export {};\n".repeat(400), /401 lines/],
    ["packages/x/src/camelCase.ts", head, /kebab-case/],
    ["packages/x/src/utils.ts", head, /says nothing/],
    ["packages/x/src/string-helper.ts", head, /says nothing/],
    ["packages/x/src/a.ts", `${head}class SessionManager {}`, /SessionManager/],
    ["packages/x/src/a.ts", `${head}const argUtils = 1;`, /argUtils/],
    ["packages/x/src/a.ts", `${head}// ${unfinished} later\n`, /unfinished/],
  ])("finds what is wrong in sample %$ (%s)", (path, text, complaint) => {
    expect(checkFile(sample(path, text))).toEqual([expect.stringMatching(complaint)]);
  });

  test("accepts a long file that says why, and a program with a #! line", () => {
    expect(
      checkFile(sample("packages/x/src/a.ts", `/** One table. Long because it is one table. */\n${"export {};\n".repeat(401)}`)),
    ).toEqual([]);
    expect(checkFile(sample("packages/x/bin/a.js", `#!/usr/bin/env node\n// Starts it.\n`))).toEqual([]);
  });

  test("sees globals of Node and the DOM, but not own names and properties", () => {
    const uses = (text: string) => checkContractGlobals(sample("packages/contract/src/a.ts", text)).length;
    expect(uses("export const a = Buffer.from('');")).toBe(1);
    expect(uses("export const a = () => process.env;")).toBe(1);
    expect(uses("export const f = (process: { env: string }) => process.env;")).toBe(0);
    expect(uses("export const o = { process: 1, Buffer: 2 }; o.process;")).toBe(0);
    expect(uses("export const g = ({ location }: { location: string }) => location;")).toBe(0);
  });
});
