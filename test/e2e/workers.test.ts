/** What the workers promise when commands misbehave: only the execution is harmed, and what it leaves behind is found. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

/** Leave the process group, lose the parent, and go on; the number is printed, so that the test can look and end it. */
const daemonize = `setsid sh -c 'sleep 60 >/dev/null 2>&1 & echo $!'`;

const config = `
[commands]
modules = ["./*.mjs"]
maxConcurrent = 4
workerMemoryMb = 256
outputMaxBytes = 2_097_152

[command.floods]
argv = ["sh", "-c", "echo first; head -c 8000000 /dev/zero; echo last"]

[command.daemonizing-program]
argv = ["sh", "-c", "${daemonize}"]

[command.daemonizing-program-that-stays]
argv = ["sh", "-c", "${daemonize}; sleep 60"]
`;

const modules: Record<string, string> = {
  pid: `run: () => process.pid`,
  grow: `run: () => { globalThis.kept = Buffer.alloc(400 * 2 ** 20, 1); return process.pid; }`,
  exit: `run: () => { console.log("leaving"); process.exit(5); }`,
  crash: `run: () => { console.log("crashing"); process.abort(); }`,
  "flooding-function": `run: async () => { console.log("first"); for (let left = 80; left > 0; left -= 1) await new Promise((resolve) => process.stdout.write("x".repeat(100_000), resolve)); console.log("last"); }`,
  "daemonizing-function": `run: () => { execFileSync("sh", ["-c", ${JSON.stringify(daemonize)}], { stdio: "inherit" }); }`,
  "detaching-function": `run: () => { const child = spawn("sleep", ["60"], { detached: true, stdio: "ignore" }); child.unref(); console.log(child.pid); }`,
  "daemonizing-function-that-stays": `run: () => { execFileSync("sh", ["-c", ${JSON.stringify(daemonize)}], { stdio: "inherit" }); return new Promise(() => {}); }`,
};

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startTestDaemon({ config });
  for (const [name, body] of Object.entries(modules)) {
    const head = `import { execFileSync, spawn } from "node:child_process";\n`;
    const definition = `"gantry.command": 1, name: "${name}", summary: "", positionals: [], timeoutMs: undefined,
      inputSchema: () => ({ type: "object", properties: {}, additionalProperties: false }), parse: (input) => input`;
    await writeFile(join(daemon.folder, `${name}.mjs`), `${head}export default { ${definition}, ${body} };\n`);
  }
});
afterAll(() => daemon[Symbol.asyncDispose]());

const execute = (command: string) => daemon.client.executions.execute({ command });
const leftoversOf = async (id: string) => (await daemon.client.executions.get({ id })).leftovers;

function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

test("a command that leaves or crashes its process harms only itself, and its output is whole", async () => {
  const [left, crashed] = await Promise.all([execute("exit"), execute("crash")]);
  expect(left).toMatchObject({ state: "failed", exitCode: 5, output: "leaving\n" });
  expect(crashed).toMatchObject({ state: "failed", signal: "SIGABRT" });
  expect(crashed.output).toContain("crashing\n");
  expect(await execute("pid")).toMatchObject({ success: true });
});

test.each(["floods", "flooding-function"])(
  "output over the limit of a log stops nobody: %s keeps its beginning and end",
  async (command) => {
    const { executionId: id, outputBytes, success } = await execute(command);
    expect({ success, outputBytes }).toEqual({ success: true, outputBytes: 8_000_011 });
    const output = await daemon.client.executions.output({ id });
    expect([output.startsWith("first\n"), output.endsWith("last\n")]).toEqual([true, true]);
    const { outputDroppedBytes } = await daemon.client.executions.get({ id });
    expect(outputDroppedBytes).toBe(outputBytes - output.length);
    expect(outputDroppedBytes).toBeGreaterThan(1_000_000);
    expect((await daemon.cli(["show", id])).stdout).toMatch(/dropped +\S+ \S+ from the middle of the output/);
  },
);

test("a worker that has grown too large is replaced after its execution", async () => {
  const { result: large } = await execute("grow");
  expect(await execute("pid")).toMatchObject({ success: true });
  await until(
    "the large worker to be gone",
    () => isAlive(large as number),
    (alive) => !alive,
  );
  expect(await daemon.log()).toContain("it has grown to");
});

test.each(["daemonizing-program", "daemonizing-function", "detaching-function"])(
  "what %s leaves outside its process group is told and goes on",
  async (command) => {
    const { executionId, output, success } = await execute(command);
    const pid = Number(output);
    try {
      expect(success).toBe(true);
      // It may have been seen before it had become `sleep`.
      expect(await leftoversOf(executionId)).toEqual([{ pid, command: expect.stringMatching(/^(sh|sleep)$/) as string }]);
      expect(isAlive(pid)).toBe(true);
      expect((await daemon.cli(["show", executionId])).stdout).toContain(`process ${pid} (s`);
      expect(await daemon.log()).toContain("an execution left processes behind");
    } finally {
      process.kill(pid, "SIGKILL");
    }
  },
);

test.each(["daemonizing-program-that-stays", "daemonizing-function-that-stays"])(
  "when %s is cancelled, what got out of its process group is gone with it",
  async (command) => {
    const { executionId: id } = await daemon.client.executions.execute({ command, wait: false });
    const pid = Number(
      await until(
        "the process to be told",
        () => daemon.client.executions.output({ id }),
        (output) => output.endsWith("\n"),
      ),
    );
    expect(isAlive(pid)).toBe(true);
    expect(await daemon.client.executions.cancel({ id })).toMatchObject({ state: "cancelled" });
    expect(isAlive(pid)).toBe(false);
    expect(await leftoversOf(id)).toEqual([]);
  },
);
