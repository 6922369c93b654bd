/** Cached results: what makes a request the same, one execution of it at a time, and who may drop them. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { createClient } from "@gantry/client";
import { afterAll, beforeAll, expect, test } from "vitest";

import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const config = `
[commands]
modules = ["./*.mjs"]

[command.build]
argv = ["sh", "-c", "echo run >> builds; cat src-*.txt; echo $MODE $1 >&2", "sh", "{target}"]
input = { target = { default = "all" }, exit = { type = "integer", default = 0 } }
cacheTtlMs = 600_000
cacheFiles = ["src-*.txt"]
cacheEnv = ["MODE"]

[command.fails]
argv = ["sh", "-c", "echo run >> fails; exit 3"]
cacheTtlMs = 600_000

[command.gate]
argv = ["sh", "-c", "echo run >> gates; echo $1; while [ ! -e open-$1 ]; do sleep 0.02; done; echo over", "sh", "{name}"]
input = { name = { } }
cacheTtlMs = 600_000

[command.plain]
argv = ["sh", "-c", "echo run >> plains"]

[command.wrong]
argv = ["true"]
cacheFiles = ["x"]
`;

const moduleText = `
import { appendFileSync } from "node:fs";
import { defineCommand } from ${JSON.stringify(`${repository}/packages/client/src/command/index.ts`)};
import { answer } from "./lib/answer.mjs";
export default defineCommand({
  name: "think", summary: "Think", cache: { ttlMs: 600_000 },
  run() { appendFileSync("thoughts", "run\\n"); console.log("thinking"); return { answer }; },
});
`;

let daemon: TestDaemon;
const inFolder = (file: string) => join(daemon.folder, file);
beforeAll(async () => {
  daemon = await startTestDaemon({ config });
  await writeFile(inFolder("src-a.txt"), "one\n");
  await daemon.cli(["run", "plain"]);
  await mkdir(inFolder("lib"));
  await writeFile(inFolder("lib/answer.mjs"), "export const answer = 41;\n");
  await writeFile(inFolder("think.mjs"), moduleText);
});
afterAll(() => daemon[Symbol.asyncDispose]());

const lines = async (file: string) => (await readFile(inFolder(file), "utf8").catch(() => "")).split("\n").length - 1;
const execute = (request: Parameters<TestDaemon["client"]["executions"]["execute"]>[0], options?: { signal?: AbortSignal }) =>
  daemon.client.executions.execute(request, options);

test("the same request is answered by the first result, with its output, also after a restart and on the command line", async () => {
  const first = await execute({ command: "build" });
  expect(first).toMatchObject({ state: "succeeded", cached: false, cacheAgeMs: null });
  const second = await execute({ command: "build", input: { exit: 0, target: "all" } });
  expect(second).toMatchObject({ executionId: first.executionId, state: "succeeded", success: true, exitCode: 0, cached: true });
  expect(second.output).toBe(first.output);
  expect(second.cacheAgeMs).toBeGreaterThanOrEqual(0);
  await daemon.restart();
  const run = await daemon.cli(["run", "build"]);
  expect(run).toMatchObject({ stdout: "one\n", stderr: "all\n", exitCode: 0 });
  expect(await lines("builds")).toBe(1);
  const { items } = await daemon.client.executions.list({ command: "build" });
  expect(items.map(({ executionId }) => executionId)).toEqual([first.executionId]);
  expect(await daemon.client.cache.status()).toMatchObject({ enabled: true, entries: 1, hits: 1 });
});

test("another input, folder, variable, or file content is another request; the time limit is not", async () => {
  const cached = async (more: object) => (await execute({ command: "build", ...more })).cached;
  expect(await cached({ timeoutMs: 5000 })).toBe(true);
  expect(await cached({ input: { target: "docs" } })).toBe(false);
  expect(await cached({ cwd: "/tmp" })).toBe(false);
  expect(await cached({ env: { MODE: "fast" } })).toBe(false);
  expect(await cached({ env: { MODE: "fast" } })).toBe(true);
  expect(await cached({ env: { OTHER: "1" } })).toBe(false);
  await writeFile(inFolder("src-a.txt"), "two\n");
  expect(await cached({})).toBe(false);
  await writeFile(inFolder("src-b.txt"), "new\n");
  expect(await cached({})).toBe(false);
  expect(await cached({})).toBe(true);
  await writeFile(inFolder("src-a.txt"), "one\n");
  expect((await execute({ command: "build" })).output).toContain("one\nnew\n");
});

test("a function's cache follows its code and the files that it imports", async () => {
  const think = async () => {
    const { cached, result, output } = await execute({ command: "think" });
    expect(output).toBe("thinking\n");
    return [cached, (result as { answer: number }).answer];
  };
  expect(await think()).toEqual([false, 41]);
  expect(await think()).toEqual([true, 41]);
  await writeFile(inFolder("lib/answer.mjs"), "export const answer = 42;\n");
  expect(await think()).toEqual([false, 42]);
  expect(await think()).toEqual([true, 42]);
  expect((await daemon.client.commands.get({ name: "think" })).cache).toEqual({ ttlMs: 600_000, files: [], env: [] });
});

test("failures, commands that do not ask for it, and requests with a key or a delay are run each time; wrong settings are told", async () => {
  for (const command of ["fails", "fails", "plain", "plain"]) expect((await execute({ command })).cached).toBe(false);
  expect(await lines("fails")).toBe(2);
  for (const own of [{ idempotencyKey: "mine" }, { delayMs: 1 }]) expect((await execute({ command: "build", ...own })).cached).toBe(false);
  const { problems } = await daemon.client.commands.list({});
  expect(problems).toMatchObject([{ message: "[command.wrong]: cacheFiles and cacheEnv need cacheTtlMs: how long a result is kept" }]);
});

test("bypass, refresh, and clear", async () => {
  const before = await execute({ command: "build" });
  expect(before.cached).toBe(true);
  expect((await daemon.cli(["run", "--no-cache", "--json", "build"])).stdout).toContain('"cached": false');
  expect((await execute({ command: "build" })).executionId).toBe(before.executionId);
  expect((await daemon.cli(["run", "--refresh", "--json", "build"])).stdout).toContain('"cached": false');
  const renewed = await execute({ command: "build" });
  expect(renewed.cached).toBe(true);
  expect(renewed.executionId).not.toBe(before.executionId);

  expect((await daemon.cli(["cache", "clear", "think"])).stderr).toMatch(/dropped \d+ cached/);
  expect((await execute({ command: "think" })).cached).toBe(false);
  expect((await execute({ command: "build" })).cached).toBe(true);
  expect(JSON.parse((await daemon.cli(["cache", "clear", "--json"])).stdout)).toMatchObject({ cleared: expect.any(Number) as number });
  expect((await execute({ command: "build" })).cached).toBe(false);
  expect((await daemon.cli(["cache", "show"])).stdout).toMatch(/^cached {4}1 results/);
});

test("requests that come while it runs follow it; nobody's leaving ends it for the others", async () => {
  const request = { command: "gate", input: { name: "many" } };
  const { hits: before } = await daemon.client.cache.status();
  const leaving = new AbortController();
  const leader = execute(request, { signal: leaving.signal }).catch((error: unknown) => error);
  await until(
    "it to have begun",
    () => lines("gates"),
    (count) => count === 1,
  );
  const followers = Array.from({ length: 6 }, () => execute(request));
  const quitter = new AbortController();
  const quit = execute(request, { signal: quitter.signal }).catch((error: unknown) => error);
  const onTerminal = daemon.spawnCli(["run", "gate", "--name", "many"], { env: { TERM: "dumb" } });
  const interrupted = new Promise<number | null>((resolve) => onTerminal.once("exit", resolve));
  let printed = "";
  onTerminal.stdout?.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  await until(
    "the follower on the command line to see the output",
    () => printed,
    (text) => text === "many\n",
  );
  onTerminal.kill("SIGINT");
  expect(await interrupted).toBe(130);
  await until(
    "all to have asked",
    () => daemon.client.cache.status(),
    ({ hits }) => hits === before + 8,
  );
  leaving.abort();
  quitter.abort();
  expect(await leader).toBeInstanceOf(Error);
  expect(await quit).toBeInstanceOf(Error);
  await writeFile(inFolder("open-many"), "");
  const results = await Promise.all(followers);
  expect(new Set(results.map(({ executionId }) => executionId)).size).toBe(1);
  for (const result of results) expect(result).toMatchObject({ state: "succeeded", cached: true, output: "many\nover\n" });
  expect(await lines("gates")).toBe(1);
});

test("when the execution itself is cancelled, those who followed it get one of their own", async () => {
  const request = { command: "gate", input: { name: "again" } };
  const begun = await lines("gates");
  const led = await execute({ ...request, wait: false });
  const followers = [execute(request), execute(request)];
  const events: { type: string; joined?: boolean }[] = [];
  const streaming = (async () => {
    for await (const event of daemon.client.executions.execute.stream(request)) events.push(event);
  })();
  await until(
    "the stream to follow",
    () => events,
    (seen) => seen.some(({ type }) => type === "output"),
  );
  await daemon.client.executions.cancel({ id: led.executionId });
  await until(
    "another to have begun",
    () => lines("gates"),
    (count) => count === begun + 2,
  );
  await writeFile(inFolder("open-again"), "");
  const results = await Promise.all(followers);
  await streaming;
  const ids = new Set(results.map(({ executionId }) => executionId));
  expect(ids.size).toBe(1);
  expect(ids.has(led.executionId)).toBe(false);
  for (const result of results) expect(result.state).toBe("succeeded");
  expect(events.filter(({ type }) => type === "accepted").length).toBe(2);
  expect(events.at(-1)).toMatchObject({ type: "result", result: { state: "succeeded", output: "again\nover\n" } });
});

test("whoever may run the command shares its results; only operators drop them", async () => {
  const { key } = await daemon.client.access.createKey({ name: "runs", role: "runner" });
  const runner = createClient({ url: daemon.url, key });
  const mine = await execute({ command: "think" });
  const theirs = await runner.executions.execute({ command: "think" });
  expect(theirs).toMatchObject({ cached: true, executionId: mine.executionId, result: mine.result });
  await expect(runner.executions.get({ id: mine.executionId })).rejects.toMatchObject({ code: "notFound" });
  await expect(runner.cache.clear({})).rejects.toMatchObject({ code: "permissionDenied" });
  const viewer = createClient({ url: daemon.url, key: (await daemon.client.access.createKey({ name: "looks", role: "viewer" })).key });
  await expect(viewer.executions.execute({ command: "think" })).rejects.toMatchObject({ code: "permissionDenied" });
});
