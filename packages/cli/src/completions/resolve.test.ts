import fc from "fast-check";
import { expect, test } from "vitest";

import { declareVerb } from "../program.ts";
import type { VerbContext, VerbEntry } from "../verb.ts";
import { verbs } from "../verbs.ts";
import { resolveWords } from "./resolve.ts";

const context: VerbContext = {
  choice: {},
  connect: () => Promise.reject(new Error("completing must not connect before it knows what to ask")),
  exitWith: () => undefined,
};
const load = (name: string, entry: VerbEntry) => declareVerb(name, entry, context);
const resolve = (words: string[], current = "") => resolveWords(words, current, verbs, load);

test("a value belongs to the option before it, wherever the option stands", async () => {
  expect((await resolve(["run", "--cwd"])).wanted).toMatchObject({ type: "value", kind: "folder" });
  expect((await resolve(["show", "--instance", "a", "--config=b.toml"])).wanted).toMatchObject({ type: "value", kind: "execution" });
  expect(await resolve(["show", "--instance", "a", "--config=b.toml"])).toMatchObject({ instance: "a", configFile: "b.toml" });
  expect((await resolve(["show"], "--instance=a")).wanted).toMatchObject({ type: "value", kind: "instance", before: "--instance=" });
  expect((await resolve(["logs", "-n5", "--level"])).wanted).toMatchObject({ type: "value", kind: "level" });
});

test("what stands before is told along, and a list wants no name twice", async () => {
  expect((await resolve(["providers", "invoke", "calculator"])).wanted).toMatchObject({ kind: "method", given: ["calculator"], taken: [] });
  expect((await resolve(["schedule", "delete", "a", "b"])).wanted).toMatchObject({ kind: "schedule", taken: ["a", "b"] });
});

test("what a command is given belongs to the command", async () => {
  expect((await resolve(["run", "greet"], "--")).wanted).toEqual({ type: "own", command: "greet", words: [] });
  expect((await resolve(["run", "-d", "greet", "--instance", "x"])).wanted).toEqual({
    type: "own",
    command: "greet",
    words: ["--instance", "x"],
  });
  expect((await resolve(["open", "vim"], "-")).wanted).toMatchObject({ type: "value", kind: "words" });
});

test("an option is offered once, unless it collects", async () => {
  const { wanted } = await resolve(["run", "--json", "--tag", "a"], "--");
  if (wanted.type !== "options") throw new Error(`wanted ${wanted.type}`);
  const names = wanted.options.map(({ long }) => long);
  expect(names).toContain("--tag");
  expect(names).toContain("--help");
  expect(names).not.toContain("--json");
});

test("no line makes it fail", async () => {
  const words = (entries: Record<string, VerbEntry>): string[] =>
    Object.entries(entries).flatMap(([name, entry]) => [name, ...words(entry.verbs ?? {})]);
  const word = fc.oneof(
    fc.constantFrom(...words(verbs), "--", "-", "--instance", "--instance=x", "-n", "-n5", "help", "--no-such", "__proto__", "constructor"),
    fc.string({ maxLength: 5 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 6 }), word, async (line, current) => {
      expect(await resolve(line, current)).toHaveProperty("wanted.type");
    }),
    { numRuns: 200 },
  );
});

test("every verb can be declared and offers its options", async () => {
  const paths = (entries: Record<string, VerbEntry>): string[][] =>
    Object.entries(entries).flatMap(([name, { verbs: below }]) =>
      below === undefined ? [[name]] : paths(below).map((path) => [name, ...path]),
    );
  const wanted = await Promise.all(paths(verbs).map(async (path) => (await resolve(path, "--h")).wanted.type));
  expect(new Set(wanted)).toEqual(new Set(["options"]));
});
