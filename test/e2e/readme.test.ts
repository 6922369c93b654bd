/** Every line of the README's tour does what the README says: its `sh` blocks are pasted into one shell. */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { collect, repository, startTestDaemon } from "../support/daemon.ts";
import { need, vim } from "../support/not-run.ts";

interface TourLine {
  command: string;
  exitCode: number;
  /** What must be among its output. */
  prints: string[];
}

/** `command  # exits N, text`: both parts are optional. */
function parseLine(line: string): TourLine {
  const [, command = line, remark = ""] = /^(.*\S)\s+# (.*)$/.exec(line) ?? [];
  const parts = remark.split(", ").filter((part) => part !== "");
  const exits = parts.find((part) => part.startsWith("exits "));
  // A greeting has a comma of its own.
  const text = remark.replace(/^exits \d+(?:, )?/, "");
  return { command, exitCode: Number(exits?.split(" ")[1] ?? 0), prints: text === "" ? [] : [text] };
}

test("a line of the tour is read as its command, exit code, and output", () => {
  expect(parseLine("npx gantry run x --y   # Hello, Ada!")).toEqual({
    command: "npx gantry run x --y",
    exitCode: 0,
    prints: ["Hello, Ada!"],
  });
  expect(parseLine("npx gantry run x # exits 64, --name")).toEqual({ command: "npx gantry run x", exitCode: 64, prints: ["--name"] });
  expect(parseLine("kill %1")).toEqual({ command: "kill %1", exitCode: 0, prints: [] });
});

test("the tour works when it is pasted line by line", { timeout: 180_000 }, async (context) => {
  need(context, vim);
  const readme = await readFile(join(repository, "README.md"), "utf8");
  const lines = [...readme.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block]) => (block as string).trimEnd().split("\n")).map(parseLine);
  expect(lines.length).toBeGreaterThan(20);

  await using daemon = await startTestDaemon({
    configFile: join(repository, "examples/gantry.toml"),
    // The tour starts an instance itself; its usual port may be somebody's.
    env: { GANTRY_DAEMON_PORT: "0" },
  });
  // npx only puts node_modules/.bin on the PATH, which it is already, and takes most of a second for it.
  const script = [
    "set -m",
    'npx() { "$@"; }',
    ...lines.map(({ command }, index) => `echo "@@ ${index}"; ${command}\necho "@@ exit $?"`),
  ].join("\n");
  const shell = daemon.spawnProgram("bash", ["-c", `exec 2>&1; ${script}`], { cwd: repository, stdin: "", timeoutMs: 150_000 });
  const { stdout } = await collect(shell);
  await rm(join(repository, "notes.txt"), { force: true });

  const seen = lines.map(({ command, prints }, index) => {
    const section = stdout.split(`@@ ${index}\n`)[1]?.split(/^@@ \d+$/m)[0] ?? "never reached";
    const [output = "", exit] = section.split(/@@ exit (\d+)/);
    return { command, exitCode: Number(exit), prints: prints.map((text) => (output.includes(text) ? text : output)) };
  });
  expect(seen).toEqual(lines);
});
