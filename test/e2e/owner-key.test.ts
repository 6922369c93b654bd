/** What a key has set going ends with the key: its schedules tick no more and its batches begin nothing more, and both say why. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { createClient } from "@gantry/client";
import { expect, test } from "vitest";

import { startTestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const config = `
[command.gate]
argv = ["sh", "-c", "until test -e open; do sleep 0.02; done"]

[command.noop]
argv = ["true"]
`;

test("a revoked key's schedule and batch do not go on; others' do", async () => {
  await using daemon = await startTestDaemon({ config });
  const admin = daemon.client;
  const { id: keyId, key } = await admin.access.createKey({ name: "for a while", role: "runner" });
  const client = createClient({ url: daemon.url, key });
  const cwd = daemon.folder;
  await client.schedules.create({ name: "theirs", command: "noop", everyMs: 3_600_000 });
  await admin.schedules.create({ name: "ours", command: "noop", everyMs: 3_600_000 });
  const lastTick = async (schedule: string) => (await admin.schedules.ticks({ schedule })).items[0];
  await admin.schedules.trigger({ schedule: "theirs" });
  await until(
    "the tick before",
    () => lastTick("theirs"),
    (tick) => tick?.state === "succeeded",
  );
  const { batchId } = await client.batches.create({ concurrency: 1, items: [{ command: "gate" }, { command: "noop" }] });
  await until(
    "the first item",
    () => admin.batches.get({ id: batchId }),
    ({ counts }) => counts.running === 1,
  );

  await admin.access.revokeKey({ id: keyId });
  await admin.schedules.trigger({ schedule: "theirs" });
  const refused = await until(
    "the tick after",
    () => lastTick("theirs"),
    (tick) => tick?.endedAt !== null,
  );
  expect(refused).toMatchObject({
    state: "refused",
    executionId: expect.any(String),
    error: { name: "permissionDenied", message: expect.stringContaining(keyId) },
  });
  await admin.schedules.trigger({ schedule: "ours" });
  await until(
    "ours",
    () => lastTick("ours"),
    (tick) => tick?.state === "succeeded",
  );

  await writeFile(join(cwd, "open"), "");
  const batch = await until(
    "the batch",
    () => admin.batches.get({ id: batchId }),
    ({ endedAt }) => endedAt !== null,
  );
  expect(batch).toMatchObject({ state: "failed", counts: { succeeded: 1, failed: 1 } });
  expect(batch.failures).toMatchObject([{ index: 1, state: "refused", error: { name: "permissionDenied" } }]);
});
