/** Further attempts: after failures with a delay that outlasts a crash, in one log, cancelled at any time; and starts that are delayed or expire. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { createClient } from "@gantry/client";
import { afterAll, beforeAll, expect, test } from "vitest";

import { collect, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

/** A program that counts its runs in the file $COUNT and succeeds at the one that is asked for. */
const config = `
[commands]
modules = ["./*.mjs"]

[command.flaky]
argv = ["sh", "-c", "echo x >> runs-$1; n=$(wc -l < runs-$1); echo attempt $n; echo oops $n >&2; test $n -ge $2", "sh", "{name}", "{good}"]
input = { name = { type = "string" }, good = { type = "integer", default = 100 } }
retries = 2
retryDelayMs = 20

[command.slow]
argv = ["sleep", "60"]
timeoutMs = 100
`;
const functionModule = `
const command = (name, run, policy) => ({
  "gantry.command": 1, name, summary: "", positionals: [], timeoutMs: undefined, policy,
  inputSchema: () => ({ type: "object", properties: {}, additionalProperties: false }), parse: (input) => input, run,
});
export default command("third", (_input, { attempt }) => {
  console.log("try " + attempt);
  if (attempt < 3) throw new Error("not yet");
  return { attempt };
}, { retries: 5, retryDelayMs: 10 });
export const wrong = command("wrong", () => 1, { retries: -1 });
export const lost = command("lost", () => 1, { queue: "nowhere" });
`;

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startTestDaemon({ config });
  await writeFile(join(daemon.folder, "commands.mjs"), functionModule);
});
afterAll(() => daemon[Symbol.asyncDispose]());

const run = (command: string, more: object = {}) => daemon.client.executions.execute({ command, ...more });
const get = (id: string) => daemon.client.executions.get({ id });
const ended = (id: string) =>
  until(
    `${id} to end`,
    () => get(id),
    ({ endedAt }) => endedAt !== null,
  );

test("a function is tried again until it succeeds: every attempt is told, and all output is in one log in order", async () => {
  const result = await run("third");
  expect(result).toMatchObject({ state: "succeeded", attempt: 3, result: { attempt: 3 }, output: "try 1\ntry 2\ntry 3\n" });
  const execution = await get(result.executionId);
  expect(execution).toMatchObject({ retries: 5, outputBytes: 18 });
  expect(execution.attempts).toMatchObject([
    { attempt: 1, state: "failed", exitCode: 1, error: { message: "not yet" } },
    { attempt: 2, state: "failed" },
    { attempt: 3, state: "succeeded", exitCode: 0, error: null },
  ]);
  expect(await daemon.client.executions.output({ id: result.executionId })).toBe("try 1\ntry 2\ntry 3\n");
});

test("a program in the foreground prints a notice between attempts and leaves with the last one's code", async () => {
  const good = await daemon.cli(["run", "flaky", "good-program", "3"]);
  expect(good).toMatchObject({ exitCode: 0, stdout: "attempt 1\nattempt 2\nattempt 3\n" });
  expect(good.stderr).toMatch(
    /^oops 1\ngantry: attempt 1 failed \(exited with 1\); trying again in (?:\d+ ms|\d\.\d s)\noops 2\ngantry: attempt 2 failed .*\noops 3\n$/,
  );
  const bad = await daemon.cli(["run", "--retries", "1", "--retry-delay", "1ms", "--json", "flaky", "bad-program"]);
  const result = JSON.parse(bad.stdout) as { executionId: string };
  expect([bad.exitCode, result]).toMatchObject([1, { state: "failed", attempt: 2 }]);
  const shown = await daemon.cli(["show", result.executionId]);
  expect(shown.stdout).toMatch(/attempt 1 +failed, exit code 1, begun .*exited with 1/);
  expect(shown.stdout).toMatch(/attempt 2 +failed/);
});

test("a time limit holds for each attempt; an unwatched program's attempts share its log, too", async () => {
  const { executionId } = await run("slow", { retries: 1, retryDelayMs: 0, wait: false });
  expect((await ended(executionId)).attempts).toMatchObject([{ state: "timedOut" }, { state: "timedOut" }]);
  const detached = await run("flaky", { input: { name: "detached", good: 2 }, wait: false });
  expect(await ended(detached.executionId)).toMatchObject({ state: "succeeded", attempt: 2, outputBytes: 34 });
  const text = await daemon.client.executions.output({ id: detached.executionId, stream: "stdout" });
  expect(text).toBe("attempt 1\nattempt 2\n");
});

test("a pending retry is durable: it shows its time, and a daemon after kill -9 takes it up", { timeout: 60_000 }, async () => {
  const { executionId } = await run("flaky", { input: { name: "durable", good: 2 }, retryDelayMs: 600_000, wait: false });
  const waiting = await until(
    "the retry to wait",
    () => get(executionId),
    ({ state }) => state === "scheduled",
  );
  expect(Date.parse(waiting.dueAt as string)).toBeGreaterThan(Date.parse(waiting.attempts[0]?.endedAt as string) - 1);
  expect(waiting).toMatchObject({ attempt: 1, endedAt: null, success: null, attempts: [{ state: "failed", exitCode: 1 }] });
  await daemon.kill9();
  await daemon.restart();
  expect(await get(executionId)).toMatchObject({ state: "scheduled", dueAt: waiting.dueAt });
  expect((await daemon.cli(["ps"])).stdout).toMatch(/scheduled \(in \d/);
  // Cancelled while it waits: at once, and the attempt before stays what it was.
  const cancelled = await daemon.client.executions.cancel({ id: executionId });
  expect(cancelled).toMatchObject({ state: "cancelled", attempt: 1 });
  expect((await get(executionId)).attempts).toMatchObject([{ attempt: 1, state: "failed" }]);

  const soon = await run("flaky", { input: { name: "soon", good: 2 }, retryDelayMs: 2000, wait: false });
  await until(
    "the retry to wait",
    () => get(soon.executionId),
    ({ attempts }) => attempts[0]?.endedAt !== null,
  );
  await daemon.kill9();
  await daemon.restart();
  expect(await ended(soon.executionId)).toMatchObject({ state: "succeeded", attempt: 2, outputBytes: 34 });
  expect(await daemon.client.executions.output({ id: soon.executionId, stream: "stdout" })).toBe("attempt 1\nattempt 2\n");
});

test("a caller who leaves during the wait cancels it", async () => {
  const child = daemon.spawnCli(["run", "--retry-delay", "10m", "flaky", "left"]);
  const { items } = await until(
    "the retry to wait",
    () => daemon.client.executions.list({ state: "scheduled", command: "flaky" }),
    (page) => page.items.length === 1,
  );
  child.kill("SIGINT");
  expect(await collect(child)).toMatchObject({ exitCode: 130 });
  expect(await get(items[0]?.executionId as string)).toMatchObject({ state: "cancelled", attempt: 1 });
});

test("a delayed start waits for its time, and one that has not begun in time expires", async () => {
  const delayed = await run("flaky", { input: { name: "delayed", good: 1 }, delayMs: 300, wait: false });
  expect(delayed).toMatchObject({ state: "scheduled", attempt: 0 });
  const { state, startedAt, dueAt } = await ended(delayed.executionId);
  expect(state).toBe("succeeded");
  expect(Date.parse(startedAt as string)).toBeGreaterThanOrEqual(Date.parse(dueAt as string));

  const expiring = await daemon.cli(["run", "--delay", "1h", "--expires", "100ms", "flaky", "never"]);
  expect(expiring).toMatchObject({ exitCode: 124, stdout: "", stderr: expect.stringContaining("expired: It did not begin in the time") });
  await daemon.client.queues.pause({ name: "default" });
  const queued = await run("flaky", { input: { name: "never" }, expiresInMs: 50, wait: false });
  expect(await ended(queued.executionId)).toMatchObject({ state: "expired", attempts: [] });
  await daemon.client.queues.resume({ name: "default" });
});

test("gantry retry runs an ended execution again with the same input, folder, tags, and queue, linked to the first", async () => {
  const first = await daemon.cli(["run", "--tag", "twice", "--priority", "3", "--retries", "0", "-e", "LOST=1", "flaky", "twice", "2"]);
  expect(first.exitCode).toBe(1);
  const [before] = (await daemon.client.executions.list({ tag: "twice" })).items;
  const id = before?.executionId as string;
  const again = await daemon.cli(["retry", id]);
  expect(again).toMatchObject({ exitCode: 0, stderr: "" });
  const made = await ended(again.stdout.trim());
  // The second run of the same file in the same folder.
  expect(made).toMatchObject({
    state: "succeeded",
    retryOf: id,
    tags: ["twice"],
    priority: 3,
    queue: "default",
    input: { name: "twice", good: 2 },
  });
  expect(await get(id)).toMatchObject({ state: "failed", attempt: 1, retryOf: null });

  const { executionId } = await run("flaky", { input: { name: "waits" }, delayMs: 600_000, wait: false });
  const refused = await daemon.cli(["retry", executionId]);
  expect(refused).toMatchObject({ exitCode: 64, stdout: "", stderr: expect.stringContaining("has not ended: it is scheduled") });
  await daemon.client.executions.cancel({ id: executionId });

  // A runner may only do again what is its own.
  const { key } = await daemon.client.access.createKey({ name: "runner", role: "runner" });
  const runner = createClient({ url: daemon.url, key });
  await expect(runner.executions.retry({ id })).rejects.toMatchObject({ code: "notFound" });
  const own = await runner.executions.execute({ command: "third" });
  expect(await runner.executions.retry({ id: own.executionId })).toMatchObject({ retryOf: own.executionId, command: "third" });
});

test("what a definition says wrongly is told by name, and wrong requests change nothing", async () => {
  const { problems } = await daemon.client.commands.list();
  const told = problems.map(({ message }) => message).join("\n");
  expect(told).toContain("wrong: retries: ");
  expect(told).toContain("lost: queue: there is no queue nowhere; add [queue.nowhere] to the configuration, or use one of: default");
  const wrong = await daemon.cli(["run", "--retries", "many", "flaky", "x"]);
  expect(wrong).toMatchObject({ exitCode: 64, stderr: expect.stringContaining('--retries "many" is no whole number') });
  await expect(run("flaky", { input: { name: "x" }, retries: 101 })).rejects.toMatchObject({
    code: "invalidArgument",
    details: { issues: [{ field: "retries" }] },
  });
});
