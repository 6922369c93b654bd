/** A full queue refuses with its limit, keeps what it has, and takes new work as soon as there is room again. */
import { expect, test } from "vitest";

import { startTestDaemon } from "../support/daemon.ts";

const config = `
[commands]
maxConcurrent = 1
maxQueued = 2

[command.sleep]
argv = ["sleep", "60"]
`;

test("a burst fills the queue exactly; then HTTP answers 429 and the CLI 75, both with the limit", async () => {
  await using daemon = await startTestDaemon({ config });
  const { executions } = daemon.client;
  const burst = await Promise.allSettled(Array.from({ length: 8 }, () => executions.execute({ command: "sleep", wait: false })));
  const accepted = burst.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  // One runs and two wait.
  expect(accepted).toHaveLength(3);
  expect((await executions.list({})).items).toHaveLength(3);

  const answer = await fetch(`${daemon.url}/execute`, {
    method: "POST",
    headers: { authorization: `Bearer ${daemon.key}`, "content-type": "application/json" },
    body: JSON.stringify({ command: "sleep" }),
  });
  expect(answer.status).toBe(429);
  expect(await answer.json()).toMatchObject({ code: "resourceExhausted", retryable: true, details: { limit: 2 } });
  const cli = await daemon.cli(["run", "sleep"]);
  expect(cli.exitCode).toBe(75);
  expect(cli.stderr).toContain("2 executions may wait");

  const [waiting] = (await executions.list({ state: "queued" })).items;
  await executions.cancel({ id: waiting?.executionId as string });
  await executions.execute({ command: "sleep", wait: false });
  for (const { executionId } of (await executions.list({ state: ["queued", "running"] })).items)
    await executions.cancel({ id: executionId });
});
