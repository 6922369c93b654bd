/** Batches through a real daemon: files, the API, the CLI; and through restarts and kill -9. */
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { BatchEvent } from "@gantry/contract";
import { afterAll, beforeAll, expect, test } from "vitest";

import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { startTmux } from "../support/tmux.ts";
import { until } from "../support/until.ts";

/** Each run leaves a file of its own with one line: two lines would be a second run. */
const config = `
[commands]
modules = ["${repository}/examples/commands/*.ts"]
maxConcurrent = 8

[command.list-files]
argv = ["ls", "{folder}"]
input = { folder = { type = "string", default = "." } }

[command.mark]
argv = ["sh", "-c", "echo run >> \\"$GANTRY_HOME/marks-$GANTRY_EXECUTION_ID\\"; sleep $1; exit $2", "sh", "{seconds}", "{code}"]
input = { seconds = { type = "number", default = 0 }, code = { type = "integer", default = 0 } }
`;

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startTestDaemon({ config });
});
afterAll(() => daemon[Symbol.asyncDispose]());

const batches = () => daemon.client.batches;
const mark = (id: string, more: { code?: number; seconds?: number; needs?: string[] } = {}) => {
  const { needs = [], ...input } = more;
  return { id, command: "mark", input, needs };
};
const statesOf = async (id: string) =>
  Object.fromEntries((await batches().items({ id, limit: 1000 })).items.map((item) => [item.id, item.state] as const));
const ended = (id: string, timeoutMs = 20_000) =>
  until(
    `${id} to end`,
    () => batches().get({ id }),
    ({ endedAt }) => endedAt !== null,
    { timeoutMs },
  );

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(daemon.folder, name), text);
  return name;
}

test("the examples run from JSON lines and from CSV, in the order of their needs", async () => {
  const lines = await daemon.cli(["batch", "run", join(repository, "examples/batches/greetings.jsonl")]);
  expect(lines).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^bat_\w+ succeeded: 4 succeeded of 4 in /) as string });
  expect(lines.stderr).toMatch(/^bat_\w+: 4 items\n/);
  expect(lines.stderr.indexOf("succeeded  first")).toBeLessThan(lines.stderr.indexOf("succeeded  second"));
  expect(lines.stderr).toContain("4/4 succeeded  last");

  const csv = await daemon.cli(["batch", "run", "--command", "greet", "--json", join(repository, "examples/batches/names.csv")]);
  const { batchId, state, counts } = JSON.parse(csv.stdout) as { batchId: string; state: string; counts: object };
  expect({ state, counts }).toMatchObject({ state: "succeeded", counts: { total: 3, succeeded: 3 } });
  const { items } = await batches().items({ id: batchId });
  expect(await daemon.client.executions.output({ id: items[1]?.executionId as string })).toBe("Hello, Grace!\nHello, Grace!\n");
  expect((await daemon.cli(["history", "--tag", batchId])).stdout.trim().split("\n")).toHaveLength(4);
});

test("one failure: what needs it is skipped, the rest runs, failures come first, and the exit code is 1", async () => {
  const items = [mark("a"), mark("b", { code: 3 }), mark("c", { needs: ["b"] }), mark("d", { needs: ["c"] }), mark("e", { needs: ["a"] })];
  const run = await daemon.cli(["batch", "run", await file("one.jsonl", items.map((item) => JSON.stringify(item)).join("\n"))]);
  expect(run.exitCode).toBe(1);
  const [first, last] = run.stdout.trim().split("\n");
  expect(first).toMatch(/^failed {2}b {2}mark {2}exe_/);
  expect(last).toMatch(/^bat_\w+ failed: 2 succeeded, 1 failed, 2 skipped of 5 in /);
  const id = /bat_\w+/.exec(last as string)?.[0] as string;
  expect(await statesOf(id)).toEqual({ a: "succeeded", b: "failed", c: "skipped", d: "skipped", e: "succeeded" });
  expect((await daemon.cli(["batch", "items", "--state", "skipped", id])).stdout).toContain("It needs item b, directly or not");
  expect((await daemon.cli(["batch", "list", "--state", "failed"])).stdout).toContain(id);
});

test("stop-on-error begins nothing after the first failure, and what ran is kept", async () => {
  const { batchId } = await batches().create({
    items: [mark("a"), mark("b", { code: 1 }), mark("c"), mark("d")],
    concurrency: 1,
    stopOnError: true,
  });
  expect((await ended(batchId)).state).toBe("failed");
  expect(await statesOf(batchId)).toEqual({ a: "succeeded", b: "failed", c: "skipped", d: "skipped" });
});

test("concurrency holds", async () => {
  const { batchId } = await batches().create({
    items: Array.from({ length: 6 }, (_, at) => mark(`i${at}`, { seconds: 0.2 })),
    concurrency: 2,
  });
  let most = 0;
  for await (const event of batches().get.stream({ id: batchId })) if ("counts" in event) most = Math.max(most, event.counts.running);
  expect(most).toBe(2);
});

test("cancel skips what waits, stops what runs, and answers when it is gone", async () => {
  const { batchId } = await batches().create({ items: [mark("a", { seconds: 60 }), mark("b"), mark("c")], concurrency: 1 });
  await until(
    "the first to run",
    () => statesOf(batchId),
    ({ a }) => a === "running",
  );
  const cancelled = await daemon.cli(["batch", "cancel", batchId]);
  expect(cancelled.stdout).toContain("cancelled: 2 skipped, 1 cancelled of 3");
  expect((await batches().cancel({ id: batchId })).state).toBe("cancelled");
  expect((await daemon.client.executions.list({ state: "running" })).items).toEqual([]);
});

test("the stream resumes behind what was seen, also over SSE and of a batch that has ended", async () => {
  const { batchId } = await batches().create({ items: [mark("a"), mark("b"), mark("c")], concurrency: 1 });
  await ended(batchId);
  const seen = async (since: number) => {
    const events: BatchEvent[] = [];
    for await (const event of batches().get.stream({ id: batchId, since })) events.push(event);
    return events;
  };
  expect((await seen(0)).map(({ type }) => type)).toEqual(["accepted", "item", "item", "item", "result"]);
  expect((await seen(2)).map((event) => (event.type === "item" ? event.item.id : event.type))).toEqual(["accepted", "c", "result"]);
  const response = await fetch(`${daemon.url}/batches/${batchId}`, {
    headers: { authorization: `Bearer ${daemon.key}`, accept: "text/event-stream", "last-event-id": "2" },
  });
  expect((await response.text()).match(/^id: .*$/gm)).toEqual(["id: 3"]);
});

test.each([
  ["x.jsonl", '{"command":"mark"}\nnonsense', [], "x.jsonl:2: this is no JSON"],
  ["x.jsonl", '{"id":"a","command":"mark","needs":["b"]}\n{"id":"b","command":"mark","needs":["a"]}', [], "in a circle: a → b → a"],
  ["x.jsonl", '{"id":"a","command":"mark","needs":["z"]}', [], 'x.jsonl:1: needs: there is no item "z"'],
  ["x.jsonl", '{"id":"a","command":"mark"}\n\n{"id":"a","command":"mark"}', [], /x\.jsonl:3: id: "a" is the name of \S*x\.jsonl:1 already/],
  ["x.jsonl", '\n{"command":"mark"}\n\n{"command":"mrk"}', [], "x.jsonl:4 (2): "],
  ["x.jsonl", '{"command":"mark"}\n{"command":"mark","input":{"code":"three"}}', [], "x.jsonl:2 (2): "],
  ["x.jsonl", '{"command":"mark"}\n{"command":"mark","cwd":"/nowhere"}', [], "x.jsonl:2 (2): cwd: the folder /nowhere does not exist"],
  ["x.jsonl", '{"command":"mark","colour":"red"}', [], "colour"],
  ["x.jsonl", '{"command":"mark","priority":1000}', [], "x.jsonl:1: priority: Too big: expected number to be <=100 (given: 1000)"],
  ["x.jsonl", '{"command":"mark"}', ["--concurrency", "0"], "concurrency: Too small: expected number to be >=1 (given: 0)"],
  ["x.csv", "command,code\nmark,three\n", [], "x.csv:2 (1): "],
  ["x.csv", "command,nope\nmark,1\n", [], "--nope"],
])("%s with %j is refused, and nothing is run", async (name, text, flags, message) => {
  const before = (await daemon.client.executions.list({ limit: 1000 })).items.length;
  const { stderr, exitCode } = await daemon.cli(["batch", "run", ...flags, await file(name, text)]);
  expect(stderr).toMatch(message);
  expect(exitCode).toBe(64);
  expect((await daemon.client.executions.list({ limit: 1000 })).items).toHaveLength(before);
});

test("on a terminal there is one bar, and Ctrl-C cancels the batch", async () => {
  const name = await file("bar.jsonl", [mark("a"), mark("b", { seconds: 60 })].map((item) => JSON.stringify(item)).join("\n"));
  using terminal = startTmux(
    daemon.folder,
    ["sh", "-c", `trap : INT; node ${repository}/packages/cli/bin/gantry.js batch run ${name}; echo "left with $?"; sleep 60`],
    daemon.env,
  );
  await terminal.shows("] 1/2  1 running");
  expect(terminal.screen().match(/\]/g)).toHaveLength(1);
  terminal.keys("C-c");
  await terminal.shows("left with 130");
  expect(terminal.screen()).toContain("cancelled: 1 succeeded, 1 cancelled of 2");
});

test("a thousand items are accepted and run", { timeout: 60_000 }, async () => {
  const items = Array.from({ length: 1000 }, (_, at) => ({ id: `n${at}`, command: "noop", needs: at < 10 ? [] : [`n${at - 10}`] }));
  const { batchId } = await batches().create({ items });
  expect((await ended(batchId, 50_000)).counts).toMatchObject({ total: 1000, succeeded: 1000 });
});

test("kill -9 again and again: the batch goes on, and no item runs twice", { timeout: 90_000 }, async () => {
  const known = new Set(readdirSync(daemon.home));
  const items = Array.from({ length: 60 }, (_, at) => mark(`i${at}`, { seconds: 0.2, needs: at < 6 ? [] : [`i${at - 6}`] }));
  const { batchId } = await batches().create({ items, concurrency: 4 });
  for (const share of [6, 18, 30]) {
    await until(
      "items to end",
      () => batches().get({ id: batchId }),
      ({ counts }) => counts.total - counts.waiting - counts.running >= share,
      {
        timeoutMs: 20_000,
      },
    );
    await daemon.kill9();
    await daemon.restart();
  }
  const { counts, failures } = await ended(batchId, 40_000);
  expect(counts.succeeded + counts.failed + counts.skipped).toBe(60);
  // A program that was being started when the daemon died may be interrupted before it did anything; what needs it is then skipped.
  expect(failures.filter(({ state }) => state !== "interrupted")).toEqual([]);
  expect(counts.succeeded).toBeGreaterThanOrEqual(30);
  const marks = readdirSync(daemon.home).filter((name) => name.startsWith("marks-") && !known.has(name));
  expect(marks.filter((name) => readFileSync(join(daemon.home, name), "utf8") !== "run\n")).toEqual([]);
  const all = (await batches().items({ id: batchId, limit: 1000 })).items;
  const ran = all.filter(({ state }) => state === "succeeded").map(({ executionId }) => `marks-${executionId}`);
  expect(ran.filter((name) => !marks.includes(name))).toEqual([]);
  expect(new Set(ran).size).toBe(ran.length);
});

test("an orderly restart in the middle, and watching to the end afterwards", async () => {
  const { batchId } = await batches().create({
    items: Array.from({ length: 6 }, (_, at) => mark(`i${at}`, { seconds: 0.3 })),
    concurrency: 1,
  });
  await until(
    "one to end",
    () => batches().get({ id: batchId }),
    ({ counts }) => counts.succeeded >= 1,
  );
  await daemon.restart();
  const watched = await daemon.cli(["batch", "watch", batchId]);
  expect(watched.stdout).toContain("succeeded: 6 succeeded of 6");
  expect(watched.exitCode).toBe(0);
  expect((await daemon.cli(["batch", "show", batchId])).stdout).toBe(watched.stdout);
});
