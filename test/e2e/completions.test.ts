/** Completions in the real shells, with names from a real daemon. */
import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { createProvider, defineMethod } from "@gantry/client/provider";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";

import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { fish, need, tmux, zsh } from "../support/not-run.ts";
import { startTmux } from "../support/tmux.ts";

const config = `
[commands]
modules = ["${repository}/examples/commands/*.ts"]

[queue.builds]
maxConcurrent = 1

[command.paint]
argv = ["echo", "{colour}", "{dryRun}"]
input = { colour = { type = "string", enum = ["red", "green"] }, dryRun = { type = "boolean", default = false } }
`;

let daemon: TestDaemon;
let executionId: string;
let provider: ReturnType<typeof createProvider>;

beforeAll(async () => {
  daemon = await startTestDaemon({ config });
  const { client } = daemon;
  ({ executionId } = await client.executions.execute({ command: "noop" }));
  await client.sessions.open({ argv: ["cat"], name: "notes" });
  await client.sessions.open({ argv: ["cat"], name: "n:2" });
  provider = createProvider({
    name: "calc",
    version: "1.0.0",
    methods: { add: defineMethod({ description: "Add", input: z.object({}), run: () => 0 }) },
  });
  await provider.connect({ url: daemon.url, key: daemon.key, instance: "test", handleSignals: false, onState: () => undefined });
  await client.schedules.create({ name: "nightly", command: "noop", cron: "0 2 * * *", timeZone: "UTC" });
  await writeFile(join(daemon.folder, "items.jsonl"), "");
  for (const shell of ["bash", "zsh", "fish"]) {
    const { stdout } = await daemon.cli(["completions", shell]);
    await writeFile(join(daemon.folder, `gantry.${shell}`), stdout);
  }
});
afterAll(async () => {
  await provider.close();
  await daemon[Symbol.asyncDispose]();
});

/** What the script answers when readline has cut the line into these words. */
function bash(words: string[], env = daemon.env): string[] {
  const script = `source ./gantry.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gantry; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = execFileSync("bash", ["--norc", "--noprofile", "-c", script, "bash", "gantry", ...words], {
    cwd: daemon.folder,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  return text.split("\n").filter((line) => line !== "");
}

test.each<[string[], string[]]>([
  [["sch"], ["schedule"]],
  [["help", "schedule", "cr"], ["create"]],
  [["run", "gr"], ["greet"]],
  [["run", "greet", "--sh"], ["--shout"]],
  [["run", "greet", "--no-sh"], ["--no-shout"]],
  [
    ["run", "paint", "--colour", ""],
    ["red", "green"],
  ],
  [["schedule", "create", "--every", "10m", "tidy", "paint", "--colour", "g"], ["green"]],
  [["schedule", "trigger", "ni"], ["nightly"]],
  [["schedule", "delete", "nightly", ""], []],
  [["attach", "no"], ["notes"]],
  [["providers", "invoke", "cal"], ["calc"]],
  [["providers", "invoke", "calc", ""], ["add"]],
  [["open", "she"], ["shell"]],
  [["queue", "pause", "def"], ["default"]],
  [["run", "--queue", "bu"], ["builds"]],
  // Readline cuts at = and : by itself, and so does the answer.
  [["attach", "n", ":", ""], ["2"]],
  [["status", "--instance", "="], ["default"]],
  [["status", "--instance", "=", "def"], ["default"]],
  [["keys", "create", "--role", "op"], ["operator"]],
  [["schedule", "create", "--time-zone", "Europe/Berl"], ["Europe/Berlin"]],
  [
    ["completions", ""],
    ["bash", "zsh", "fish"],
  ],
  [["batch", "run", "ite"], ["items.jsonl"]],
  [["comple"], ["completions"]],
  [["no-such-verb", ""], []],
])("bash completes %j to %j", (words, expected) => {
  expect(bash(words)).toEqual(expected);
});

test("bash completes an execution's id", () => {
  expect(bash(["show", "exe_"])).toContain(executionId);
});

test("nothing that was typed is evaluated", () => {
  const marker = join(daemon.folder, "evaluated");
  expect(bash(["run", `$(touch ${marker})`, "`touch evaluated`", "; touch evaluated", ""])).not.toContain("evaluated");
  expect(execFileSync("ls", [daemon.folder], { encoding: "utf8" })).not.toContain("evaluated");
});

test("without a daemon verbs and options are completed, and nothing is said about the names", () => {
  const env = { ...daemon.env, GANTRY_INSTANCE: "nowhere" };
  expect(bash(["run", ""], env)).toEqual([]);
  expect(bash(["run", "--json", "--det"], env)).toEqual(["--detach"]);
  expect(bash(["attach", ""], { ...daemon.env, GANTRY_INSTANCE: "NOT A NAME" })).toEqual([]);
});

test("fish offers words with what they mean", (context) => {
  const offers = (line: string) =>
    execFileSync(need(context, fish), ["--no-config", "-c", `source gantry.fish; complete -C '${line}'`], {
      cwd: daemon.folder,
      env: daemon.env,
      encoding: "utf8",
    }).trimEnd();
  expect(offers("gantry schedule tr")).toBe("trigger\tRun a schedule once now");
  expect(offers("gantry attach no")).toBe("notes\tcat");
  expect(offers("gantry status --instance=d")).toBe("--instance=default");
  expect(offers("gantry batch run ite")).toMatch(/^items\.jsonl/);
  expect(offers("gantry run paint --colour r")).toBe("red");
});

test("bash completes at Tab in a terminal", async (context) => {
  need(context, tmux);
  expect(await inTerminal("bash", ["bash", "--norc", "--noprofile", "-i"])).not.toContain("not found");
});

test("zsh completes at Tab in a terminal", async (context) => {
  need(context, tmux);
  expect(await inTerminal("zsh", [need(context, zsh), "-f", "-i"])).not.toContain("not found");
});

async function inTerminal(shell: string, argv: string[]): Promise<string> {
  using terminal = startTmux(daemon.folder, argv, { ...daemon.env, PS1: "ready> " });
  await terminal.shows("ready>");
  terminal.type(`source ./gantry.${shell}; echo is' 'set`);
  terminal.keys("Enter");
  await terminal.shows("is set");
  terminal.type("gantry attach not");
  terminal.keys("Tab");
  await terminal.shows("gantry attach notes");
  terminal.keys("C-u");
  terminal.type("gantry status --instance=def");
  terminal.keys("Tab");
  await terminal.shows("gantry status --instance=default");
  terminal.keys("C-u");
  terminal.type("gantry run paint --colour g");
  terminal.keys("Tab");
  await terminal.shows("gantry run paint --colour green");
  terminal.keys("C-u");
  terminal.type("gantry batch run ite");
  terminal.keys("Tab");
  await terminal.shows("gantry batch run items.jsonl");
  return terminal.screen();
}
