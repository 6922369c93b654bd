/** History keeps within its limits: rows, attempts, and output files go; failures stay longer; what points to them still makes sense. */
import { readdir } from "node:fs/promises";
import { DatabaseSync } from "node:sqlite";

import { afterAll, beforeAll, expect, test } from "vitest";

import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const config = `
[commands]
history = { maxAgeDays = 10, failedMaxAgeDays = 20, maxCount = 7 }

[command.say]
argv = ["echo", "{text}"]
input = { text = { type = "string" } }

[command.fail]
argv = ["sh", "-c", "echo no >&2; exit 3"]
`;

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startTestDaemon({ config });
});
afterAll(() => daemon[Symbol.asyncDispose]());

const run = async (command: "say" | "fail", more: object = {}) =>
  (await daemon.client.executions.execute({ command, input: command === "say" ? { text: "x" } : {}, ...more })).executionId;
const kept = async () => (await daemon.client.executions.list({ limit: 100 })).items.map(({ executionId }) => executionId);

/** As if it had ended so long ago; the daemon must not run. */
function age(executions: readonly string[], days: number): void {
  const database = new DatabaseSync(daemon.paths.databaseFile);
  for (const id of executions)
    database.prepare(`UPDATE "executions" SET "endedAtMs" = ? WHERE "id" = ?`).run(Date.now() - days * 86_400_000, id);
  database.close();
}

test("by age: successes first, failures later, with their files; keys, batches, and counts follow", async () => {
  const [oldSuccess, oldFailure, veryOldFailure, recent] = [await run("say"), await run("fail"), await run("fail"), await run("say")];
  const keyed = await run("say", { idempotencyKey: "k" });
  const batch = await daemon.client.batches.create({ items: [{ id: "only", command: "say", input: { text: "b" } }] });
  await until(
    "the batch to have ended",
    () => daemon.client.batches.get({ id: batch.batchId }),
    ({ state }) => state === "succeeded",
  );
  const [item] = (await daemon.client.batches.items({ id: batch.batchId })).items;
  const batched = item?.executionId as string;
  expect((await readdir(daemon.paths.outputsDirectory)).length).toBe(6);

  await daemon.stop();
  age([oldSuccess, oldFailure, keyed, batched], 11);
  age([veryOldFailure], 21);
  await daemon.restart();
  await until("what is too old to be gone", kept, (ids) => ids.length === 2);
  expect(await kept()).toEqual([recent, oldFailure]);
  expect((await readdir(daemon.paths.outputsDirectory)).toSorted()).toEqual([`${oldFailure}.log`, `${recent}.log`].toSorted());
  expect((await daemon.client.instances.status()).executions).toMatchObject({ total: 2 });

  await expect(daemon.client.executions.get({ id: oldSuccess })).rejects.toMatchObject({ code: "notFound" });
  expect((await daemon.client.batches.items({ id: batch.batchId })).items[0]).toMatchObject({ state: "succeeded", executionId: batched });
  expect(await run("say", { idempotencyKey: "k" })).not.toBe(keyed);
});

test("by count: the oldest successes go, nothing of the last minute does", async () => {
  const failures = [await run("fail"), await run("fail")];
  const successes: string[] = [];
  for (let index = 0; index < 8; index += 1) successes.push(await run("say"));
  const before = await kept();
  await daemon.stop();
  age(
    before.filter((id) => id !== successes.at(-1)),
    1,
  );
  await daemon.restart();
  const left = await until("the surplus to be gone", kept, (ids) => ids.length <= 7);
  expect(left).toHaveLength(7);
  expect(left).toEqual(expect.arrayContaining([...failures, ...successes.slice(-4)]));
});
