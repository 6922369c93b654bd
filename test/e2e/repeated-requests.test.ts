/** A request repeated with its idempotency key answers with the first execution: at once, later, joined while it runs, and after kill -9. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const config = `
[command.note]
argv = ["sh", "-c", "echo run >> marks; echo noted $1", "sh", "{word}"]
input = { word = { type = "string" } }

[command.wait-for]
argv = ["sh", "-c", "echo waiting >> waits; echo begun; while [ ! -e $1 ]; do sleep 0.02; done; echo over", "sh", "{file}"]
input = { file = { type = "string" } }
`;

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startTestDaemon({ config });
});
afterAll(() => daemon[Symbol.asyncDispose]());

const lines = async (file: string) => (await readFile(join(daemon.folder, file), "utf8").catch(() => "")).split("\n").length - 1;
const note = (word: string, idempotencyKey: string) =>
  daemon.client.executions.execute({ command: "note", input: { word }, idempotencyKey });

test("many requests at once with one key run once and all get the outcome and output of that run", async () => {
  const before = await lines("marks");
  const results = await Promise.all(Array.from({ length: 12 }, () => note("together", "at-once")));
  expect(new Set(results.map(({ executionId }) => executionId)).size).toBe(1);
  for (const result of results) expect(result).toMatchObject({ state: "succeeded", output: "noted together\n", exitCode: 0 });
  expect(await lines("marks")).toBe(before + 1);
});

test("a later request and one after kill -9 answer with the first execution, its output included", async () => {
  const first = await note("once", "kept");
  expect(await note("once", "kept")).toEqual(first);
  await daemon.kill9();
  await daemon.restart();
  const before = await lines("marks");
  expect(await note("once", "kept")).toEqual(first);
  expect(await lines("marks")).toBe(before);
  expect((await note("once", "another")).executionId).not.toBe(first.executionId);
});

test("the same key for another request is a conflict that names the first one, and nothing runs", async () => {
  const first = await note("mine", "used");
  const before = await lines("marks");
  await expect(note("other", "used")).rejects.toMatchObject({ code: "conflict", details: { executionId: first.executionId } });
  expect(await lines("marks")).toBe(before);
});

test("a caller joins a detached execution, sees its whole output, and does not cancel it by leaving", async () => {
  const request = { command: "wait-for", input: { file: "go" }, idempotencyKey: "joined" };
  const detached = await daemon.client.executions.execute({ ...request, wait: false });
  const joined = daemon.client.executions.execute(request);
  const leaving = new AbortController();
  const left = daemon.client.executions.execute(request, { signal: leaving.signal }).catch((error: unknown) => error);
  await until(
    "it to have begun",
    () => lines("waits"),
    (count) => count === 1,
  );
  leaving.abort();
  expect(await left).toBeInstanceOf(Error);
  expect((await daemon.cli(["run", "--idempotency-key", "cli", "note", "--word", "y"])).stdout).toBe("noted y\n");
  expect((await daemon.cli(["run", "--idempotency-key", "cli", "note", "--word", "y"])).stdout).toBe("noted y\n");
  await writeFile(join(daemon.folder, "go"), "");
  const result = await joined;
  expect(result).toMatchObject({ executionId: detached.executionId, state: "succeeded", output: "begun\nover\n" });
  expect(await lines("waits")).toBe(1);
});
