import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { createLogger } from "../core/logger.ts";
import { expandArgv } from "./program.ts";
import { createCommandsService, type ModuleReport } from "./service.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-commands-"));
});
afterEach(() => rm(folder, { recursive: true }));

const inputSchema = { type: "object", properties: {}, additionalProperties: false };
const program = { argv: ["echo", "{text}"], summary: "", input: { text: { type: "string" as const } }, env: {} };

function createService(describe: (file: string) => Partial<ModuleReport>, command = {}) {
  const described: string[][] = [];
  let renewals = 0;
  const service = createCommandsService({
    config: { command, queue: {}, commands: { modules: ["*.mjs"] } },
    configFile: () => join(folder, "gantry.toml"),
    baseDirectory: folder,
    async describeModules(files) {
      described.push(files);
      return files.map((file) => ({ file, commands: [], files: [file], problem: undefined, ...describe(file) }));
    },
    onCodeChanged: () => (renewals += 1),
    logger: createLogger({ level: "fatal" }),
  });
  return { service, described, renewals: () => renewals };
}
const named = (name: string) => ({ commands: [{ name, summary: "", positionals: [], timeoutMs: undefined, inputSchema }] });

test("a module is described once, and again after it or a file it imports has changed", async () => {
  const file = join(folder, "one.mjs");
  const imported = join(folder, "imported.txt");
  await writeFile(file, "1");
  await writeFile(imported, "1");
  const { service, described, renewals } = createService(() => ({ ...named("one"), files: [file, imported] }));
  await service.find("one");
  await service.find("one");
  expect([described.length, renewals()]).toEqual([1, 0]);
  await writeFile(imported, "22");
  await service.find("one");
  expect([described.length, renewals()]).toEqual([2, 1]);
  await rm(file);
  await expect(service.find("one")).rejects.toMatchObject({ code: "notFound" });
});

test("a new module is found when its command is asked for, and an unknown name gets a suggestion", async () => {
  const { service } = createService(() => named("greet"));
  await expect(service.find("greet")).rejects.toMatchObject({ code: "notFound" });
  await writeFile(join(folder, "late.mjs"), "1");
  await expect(service.find("greet")).resolves.toMatchObject({ name: "greet" });
  await expect(service.find("gret")).rejects.toMatchObject({ details: { suggestions: ["greet"] } });
});

test("what is broken is named and leaves the rest working", async () => {
  for (const name of ["a", "b", "c"]) await writeFile(join(folder, `${name}.mjs`), "1");
  const { service } = createService(
    (file) => (file.endsWith("a.mjs") ? { problem: "SyntaxError: no" } : file.endsWith("b.mjs") ? named("bad name") : named("good")),
    { good: program, wrong: { ...program, argv: ["echo", "{nothing}"] } },
  );
  expect((await service.list()).map(({ name, kind }) => [name, kind])).toEqual([["good", "program"]]);
  expect(service.problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(/\[command.wrong\].*\{nothing\}/),
    "SyntaxError: no",
    expect.stringMatching(/the name "bad name" must be/),
    expect.stringMatching(/good is already defined in .*gantry.toml/),
  ]);
});

test("a template's values stay one argument each", () => {
  expect(expandArgv(["sh", "-c", "x={a}"], { a: "$(touch /tmp/x) ; {b}" })).toEqual(["sh", "-c", "x=$(touch /tmp/x) ; {b}"]);
  expect(expandArgv(["{a}{b}"], { a: 1, b: "" })).toEqual(["1"]);
  expect(expandArgv(["{toString}"], {})).toEqual(["{toString}"]);
});
