/** Commands and executions through a real daemon: the CLI, HTTP, and the typed client. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { ExecuteEvent, ExecutionResult } from "@gantry/contract";
import { afterAll, beforeAll, expect, test } from "vitest";

import { collect, repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const config = `
[commands]
modules = ["${repository}/examples/commands/*.ts", "./*.mjs"]
maxConcurrent = 4

[command.exit-three]
argv = ["node", "-e", "console.error('leaving'); process.exit(3)"]

[command.say]
argv = ["printf", "%s|", "{text}", "{other}"]
input = { text = { type = "string" }, other = { type = "string", default = "" } }

[command.missing-program]
argv = ["gantry-no-such-program"]

[command.sleep]
argv = ["sh", "-c", "echo begun; sleep 60 & wait"]
`;

/** Files beside the configuration, so that each test can have commands of its own kind. */
const modules: Record<string, string> = {
  native: `run: () => {
    // Below console and process.stdout: the descriptor itself, and a grandchild that inherits it.
    for (let line = 0; line < 2000; line += 1) writeSync(1, "line " + line + "\\n");
    execFileSync("sh", ["-c", "echo grandchild; echo complaint >&2"], { stdio: "inherit" });
  }`,
  where: `run: (input, { cwd }) => {
    const seen = { cwd, real: process.cwd(), colour: process.env.COLOUR ?? null };
    process.chdir("/");
    process.env.COLOUR = "changed";
    return seen;
  }`,
  block: `run: () => { for (;;); }`,
  leftover: `run: () => { console.log(spawn("sleep", ["60"], { stdio: "inherit" }).pid); }`,
  bytes: `run: () => { writeSync(1, Buffer.from([0xff, 0x00, 0xfe])); }`,
  much: `run: () => {
    for (let left = 300_000; left > 0; left -= 4096) writeSync(2, "e".repeat(Math.min(4096, left)));
    execFileSync("head", ["-c", "700001", "/dev/zero"], { stdio: "inherit" });
    process.stdout.write("o".repeat(100_000));
  }`,
  pid: `run: () => process.pid`,
};

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startTestDaemon({ config });
  for (const [name, body] of Object.entries(modules)) await writeModule(name, body);
});
afterAll(() => daemon[Symbol.asyncDispose]());

async function writeModule(name: string, body: string): Promise<void> {
  const head = `import { writeSync } from "node:fs";\nimport { execFileSync, spawn } from "node:child_process";\n`;
  const definition = `"gantry.command": 1, name: "${name}", summary: "", positionals: [], timeoutMs: undefined,
    inputSchema: () => ({ type: "object", properties: {}, additionalProperties: false }), parse: (input) => input`;
  await writeFile(join(daemon.folder, `${name}.mjs`), `${head}export default { ${definition}, ${body} };\n`);
}

const execute = (command: string, more: object = {}) => daemon.client.executions.execute({ command, ...more });

/** A zombie that nobody reaps runs nothing. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

test("gantry run prints what the command prints and leaves with its code", async () => {
  expect(await daemon.cli(["run", "greet", "--name", "Ada", "--shout"])).toMatchObject({
    stdout: "HELLO, ADA!\n",
    stderr: "",
    exitCode: 0,
  });
  expect(await daemon.cli(["run", "exit-three"])).toMatchObject({ stdout: "", stderr: "leaving\n", exitCode: 3 });
  expect(await daemon.cli(["run", "fail", "--exit-code", "7"])).toMatchObject({ exitCode: 7 });
  const thrown = await daemon.cli(["run", "fail", "--message", "no luck"]);
  expect(thrown).toMatchObject({ stdout: "", exitCode: 1 });
  expect(thrown.stderr).toMatch(/^about to fail\nError: no luck\n/);
});

test("wrong arguments get the command's usage and a suggestion, and nothing is run", async () => {
  const before = (await daemon.client.executions.list({ command: "greet" })).items.length;
  const wrong = await daemon.cli(["run", "greet", "--nam", "Ada"]);
  expect(wrong).toMatchObject({ stdout: "", exitCode: 64 });
  expect(wrong.stderr).toContain("did you mean --name?");
  expect(wrong.stderr).toContain("Usage: gantry run greet");
  expect((await daemon.client.executions.list({ command: "greet" })).items.length).toBe(before);
  const help = await daemon.cli(["run", "greet", "--help"]);
  expect(help.stdout).toContain("Usage: gantry run greet");
  expect((await daemon.cli(["run", "gret"])).stderr).toContain("Did you mean greet?");
  await expect(execute("greet", { input: { name: 5 } })).rejects.toMatchObject({ code: "invalidArgument" });
});

test("a program's arguments reach it as they are, and a missing program is told", async () => {
  const hostile = "$(touch pwned); `x` {other} \"'";
  expect(await execute("say", { input: { text: hostile } })).toMatchObject({ output: `${hostile}||`, success: true });
  const missing = await daemon.cli(["run", "missing-program"]);
  expect(missing.exitCode).toBe(127);
  expect(missing.stderr).toContain("gantry-no-such-program");
});

test("output of native writes and grandchildren is whole, in order, and told apart", async () => {
  const result = await execute("native");
  const lines = Array.from({ length: 2000 }, (_, line) => `line ${line}`);
  expect(result.output.split("\n")).toEqual(expect.arrayContaining([...lines, "grandchild", "complaint"]));
  const stderr = await daemon.client.executions.output({ id: result.executionId, stream: "stderr" });
  expect(stderr).toBe("complaint\n");
  const stdout = await daemon.client.executions.output({ id: result.executionId, stream: "stdout" });
  expect(stdout).toBe(`${lines.join("\n")}\ngrandchild\n`);
  // The next execution of the same worker begins with nothing of it.
  expect(await execute("noop")).toMatchObject({ output: "", success: true });
});

test("no byte of the tail is lost, whoever wrote it and whatever follows on the same worker", { timeout: 60_000 }, async () => {
  for (let round = 0; round < 15; round += 1) {
    const results = await Promise.all([execute("much"), execute("much"), execute("greet", { input: { name: "Ada" } }), execute("noop")]);
    expect(results.map(({ outputBytes }) => outputBytes)).toEqual([1_100_001, 1_100_001, "Hello, Ada!\n".length, 0]);
  }
});

test("bytes that are no text arrive as they are", async () => {
  const child = daemon.spawnCli(["run", "bytes"]);
  const chunks: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
  await once(child, "close");
  expect(Buffer.concat(chunks)).toEqual(Buffer.from([0xff, 0x00, 0xfe]));
});

test("each execution has its own folder and environment, and leaves none behind", async () => {
  const first = await execute("where", { cwd: "/tmp", env: { COLOUR: "red" } });
  expect(first.result).toEqual({ cwd: "/tmp", real: "/tmp", colour: "red" });
  expect((await execute("where")).result).toEqual({ cwd: daemon.folder, real: daemon.folder, colour: null });
});

test("a blocked loop is ended by its time limit and harms nobody else", async () => {
  const [blocked, other] = await Promise.all([execute("block", { timeoutMs: 300 }), execute("greet", { input: { name: "Ada" } })]);
  expect(blocked).toMatchObject({ state: "timedOut", success: false });
  expect(other).toMatchObject({ success: true });
  expect(await daemon.cli(["run", "--timeout", "300ms", "block"])).toMatchObject({ exitCode: 124 });
});

test("cancel ends the whole process group before it is told", async () => {
  const { executionId } = await execute("sleep", { wait: false });
  await until(
    "its output",
    () => daemon.client.executions.output({ id: executionId }),
    (text) => text === "begun\n",
  );
  const cancelled = await daemon.client.executions.cancel({ id: executionId });
  expect(cancelled).toMatchObject({ state: "cancelled", success: false });
  expect(await daemon.client.executions.cancel({ id: executionId })).toMatchObject({ state: "cancelled" });
});

test("a child that a function leaves behind is ended with its execution", async () => {
  const { output } = await execute("leftover");
  expect(isAlive(Number(output))).toBe(false);
});

test("Ctrl-C cancels a foreground run, and the aborted function ends at once", async () => {
  const child = daemon.spawnCli(["run", "count", "1000"]);
  const result = collect(child);
  await once(child.stdout as NodeJS.ReadableStream, "data");
  child.kill("SIGINT");
  expect(await result).toMatchObject({ exitCode: 130 });
  expect((await daemon.client.executions.list({ command: "count" })).items[0]).toMatchObject({ state: "cancelled" });
});

test("a client that vanishes cancels its foreground run after a while; a detached one goes on", async () => {
  const detached = (await daemon.cli(["run", "--detach", "count", "1000"])).stdout.trim();
  const child = daemon.spawnCli(["run", "count", "1000", "--delay-ms", "100"]);
  await once(child.stdout as NodeJS.ReadableStream, "data");
  child.kill("SIGKILL");
  const [latest] = (await daemon.client.executions.list({ command: "count" })).items;
  const id = latest?.executionId as string;
  expect(
    await until(
      "the end",
      () => daemon.client.executions.get({ id }),
      ({ state }) => state !== "running",
    ),
  ).toMatchObject({
    state: "cancelled",
  });
  expect(await daemon.client.executions.get({ id: detached })).toMatchObject({ state: "running" });
  await daemon.client.executions.cancel({ id: detached });
});

test("a changed module is used by the next execution; a broken one is named and harms no other", async () => {
  await writeModule("changing", "run: () => 1");
  expect(await execute("changing")).toMatchObject({ result: 1 });
  await writeModule("changing", "run: () => 'two'");
  expect(await execute("changing")).toMatchObject({ result: "two" });
  await writeFile(join(daemon.folder, "broken.mjs"), "export default {");
  const { items, problems } = await daemon.client.commands.list();
  expect(problems).toMatchObject([{ source: join(daemon.folder, "broken.mjs"), message: expect.stringContaining("SyntaxError") }]);
  expect(items.map(({ name }) => name)).toEqual(expect.arrayContaining(["changing", "greet", "exit-three"]));
  await writeFile(join(daemon.folder, "broken.mjs"), "process.exit(9)");
  expect((await daemon.client.commands.list()).problems).toMatchObject([{ message: expect.stringContaining("did not survive") }]);
  expect(await execute("changing")).toMatchObject({ result: "two" });
});

test("a stream tells acceptance, output as it comes, progress, and the result; followers resume at an offset", async () => {
  const events: ExecuteEvent[] = [];
  let firstOutputMs = 0;
  for await (const event of daemon.client.executions.execute.stream({ command: "count", input: { to: 3, delayMs: 150 } })) {
    events.push(event);
    if (event.type === "output" && firstOutputMs === 0) firstOutputMs = performance.now();
  }
  expect(performance.now() - firstOutputMs).toBeGreaterThan(200);
  expect(events[0]).toMatchObject({ type: "accepted" });
  expect(events.at(-1)).toMatchObject({ type: "result", result: { state: "succeeded", result: 3, output: "1\n2\n3\n" } });
  expect(events.filter(({ type }) => type === "progress").at(-1)).toMatchObject({ done: 3, total: 3 });
  const outputs = events.filter((event) => event.type === "output");
  expect(outputs.map(({ text }) => text).join("")).toBe("1\n2\n3\n");

  const id = (events[0] as { executionId: string }).executionId;
  const rest: unknown[] = [];
  for await (const event of daemon.client.executions.output.stream({ id, since: outputs[0]?.nextOffset ?? 0 })) rest.push(event);
  expect(rest).toMatchObject([{ text: "2\n" }, { text: "3\n" }, { type: "end", state: "succeeded" }]);
});

test("more than can run waits in order, and higher priority goes first", async () => {
  const fill = await Promise.all(Array.from({ length: 4 }, () => execute("count", { input: { to: 1000 }, wait: false })));
  const waiting: ExecutionResult[] = [];
  for (const priority of [0, 0, 5]) waiting.push(await execute("noop", { priority, wait: false }));
  expect(waiting.map(({ state }) => state)).toEqual(["queued", "queued", "queued"]);
  const cancelledWaiting = await execute("noop", { wait: false });
  expect(await daemon.client.executions.cancel({ id: cancelledWaiting.executionId })).toMatchObject({ state: "cancelled", attempt: 0 });
  await daemon.client.executions.cancel({ id: fill[0]?.executionId as string });
  const ended = await until(
    "the queue to empty",
    () => Promise.all(waiting.map(({ executionId }) => daemon.client.executions.get({ id: executionId }))),
    (all) => all.every(({ state }) => state === "succeeded"),
  );
  const startOf = (index: number) => ended[index]?.startedAt as string;
  expect(startOf(2) <= startOf(0) && startOf(0) <= startOf(1)).toBe(true);
  await Promise.all(fill.slice(1).map(({ executionId }) => daemon.client.executions.cancel({ id: executionId })));
});

test("history is paged by key and filtered", async () => {
  for (const tag of ["one", "two", "one"]) await execute("noop", { tags: [tag] });
  const one = await daemon.client.executions.list({ tag: "one" });
  expect(one.items.length).toBe(2);
  const first = await daemon.client.executions.list({ limit: 2 });
  const second = await daemon.client.executions.list({ limit: 2, cursor: first.nextCursor });
  const ids = [...first.items, ...second.items].map(({ executionId }) => executionId);
  expect(ids).toEqual(ids.toSorted().reverse());
  expect(new Set(ids).size).toBe(4);
  const failed = await daemon.client.executions.list({ state: ["failed", "timedOut"] });
  expect(new Set(failed.items.map(({ state }) => state))).toEqual(new Set(["failed", "timedOut"]));
});

test("over HTTP: an outcome is never an error, accepted work answers 202, wrong input 400", async () => {
  const post = (body: object) =>
    fetch(`${daemon.url}/execute`, {
      method: "POST",
      headers: { authorization: `Bearer ${daemon.key}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const failed = await post({ command: "exit-three" });
  expect(failed.status).toBe(200);
  expect(await failed.json()).toMatchObject({
    state: "failed",
    success: false,
    exitCode: 3,
    output: "leaving\n",
    attempt: 1,
    cached: false,
  });
  expect((await post({ command: "noop", wait: false })).status).toBe(202);
  expect((await post({ command: "greet", input: {} })).status).toBe(400);
  expect((await post({ command: "nothing" })).status).toBe(404);
});

test.each([
  ["[]", "an array was given"],
  ["null", "null was given"],
  ['"greet"', 'a string, "greet" was given'],
  ["7", "a number, 7 was given"],
])("a body that is %s is refused with what was expected and what was given", async (body, given) => {
  const headers = { authorization: `Bearer ${daemon.key}`, "content-type": "application/json" };
  const answer = await fetch(`${daemon.url}/execute`, { method: "POST", headers, body });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({
    code: "invalidArgument",
    detail: `The input must be an object such as {"limit": 10}, and ${given}. Nothing was changed.`,
  });
});

test("a folder that is not there is named before anything is accepted, and when it goes away while the execution waits", async () => {
  const before = (await daemon.client.executions.list({})).items.length;
  for (const cwd of [join(daemon.folder, "nowhere"), join(daemon.folder, "gantry.toml")])
    await expect(daemon.client.executions.execute({ command: "say", input: { text: "x" }, cwd })).rejects.toMatchObject({
      code: "invalidArgument",
      message: expect.stringContaining(`cwd: the folder ${cwd} `),
    });
  expect((await daemon.client.executions.list({})).items).toHaveLength(before);
  const cwd = join(daemon.folder, "passing");
  for (const [command, input] of [
    ["say", { text: "x" }],
    ["greet", { name: "Ada" }],
  ] as const) {
    await mkdir(cwd, { recursive: true });
    const { executionId } = await daemon.client.executions.execute({ command, input, cwd, delayMs: 1500, wait: false });
    await rm(cwd, { recursive: true });
    const { error } = await until(
      "its failure",
      () => daemon.client.executions.get({ id: executionId }),
      ({ state }) => state === "failed",
    );
    expect(error).toMatchObject({ name: "CannotStart", message: expect.stringContaining(`The working folder ${cwd} `) });
  }
});

test("ps, show, output, wait, cancel, and history tell the same of a detached program", async () => {
  const id = (await daemon.cli(["run", "--detach", "--tag", "mine", "sleep"])).stdout.trim();
  const follower = collect(daemon.spawnCli(["output", "-f", id]));
  const waiter = collect(daemon.spawnCli(["wait", id]));
  await until(
    "its output",
    () => daemon.cli(["output", id]),
    ({ stdout }) => stdout === "begun\n",
  );
  expect((await daemon.cli(["ps"])).stdout).toMatch(new RegExp(`${id} +sleep +running`));
  const listed = JSON.parse((await daemon.cli(["ps", "--json"])).stdout) as { schemaVersion: number; items: { executionId: string }[] };
  expect(listed).toMatchObject({ schemaVersion: 1, items: expect.arrayContaining([expect.objectContaining({ executionId: id })]) });
  const unknown = `exe_${"0".repeat(26)}`;
  expect(await daemon.cli(["cancel", unknown, id])).toMatchObject({
    stdout: `${id} cancelled\n`,
    stderr: expect.stringContaining(`There is no execution ${unknown}`),
    exitCode: 64,
  });
  expect(await follower).toMatchObject({ stdout: "begun\n", exitCode: 0 });
  expect(await waiter).toMatchObject({ exitCode: 130 });
  expect((await daemon.cli(["show", id])).stdout).toMatch(/state +cancelled/);
  expect(JSON.parse((await daemon.cli(["history", "--tag", "mine", "--json"])).stdout)).toMatchObject({
    items: [{ executionId: id, state: "cancelled", outputBytes: 6 }],
  });
  expect((await daemon.cli(["commands", "list"])).stdout).toMatch(/^NAME +KIND +SUMMARY\n/);
  expect((await daemon.cli(["commands", "show", "say"])).stdout).toContain("Usage: gantry run say [options] <text> [<other>]");
});

test("history as CSV has a header and one line for each; it is not JSON at the same time", async () => {
  const { executionId } = await execute("say", { input: { text: "for CSV" }, tags: ["csv", "second"] });
  const { stdout, exitCode } = await daemon.cli(["history", "--tag", "csv", "--csv"]);
  expect(exitCode).toBe(0);
  const [header, line, ...rest] = stdout.split("\r\n");
  expect(header).toMatch(/^executionId,command,state,exitCode,/);
  expect(line).toMatch(new RegExp(`^${executionId},say,succeeded,0,.*,csv second,$`));
  expect(rest).toEqual([""]);
  const both = await daemon.cli(["history", "--json", "--csv"]);
  expect(both).toMatchObject({ exitCode: 64, stdout: "" });
});
