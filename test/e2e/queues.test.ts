/** Named queues: limits that hold up nobody else, priorities, pauses that outlast a crash, and starting with everything held. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";

import { connectControl } from "@gantry/client/node";
import { expect, test } from "vitest";

import { collect, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const config = `
[commands]
maxConcurrent = 4

[queue.slow]
maxConcurrent = 1
maxQueued = 3

[command.hold]
argv = ["sleep", "60"]
queue = "slow"

[command.single]
argv = ["sleep", "60"]
maxConcurrent = 1

[command.quick]
argv = ["true"]

[command.note]
argv = ["sh", "-c", "echo $1 >> order", "sh", "{word}"]
input = { word = { type = "string" } }
maxConcurrent = 1
`;

const submit = (daemon: TestDaemon, command: string, more: object = {}) =>
  daemon.client.executions.execute({ command, wait: false, ...more }).then(({ executionId }) => executionId);
const stateOf = (daemon: TestDaemon, id: string) => daemon.client.executions.get({ id }).then(({ state }) => state);
const queueOf = async (daemon: TestDaemon, name: string) => {
  const found = (await daemon.client.queues.list()).items.find((queue) => queue.name === name);
  if (found === undefined) throw new Error(`there is no queue ${name}`);
  return found;
};
const cancelAll = async (daemon: TestDaemon) => {
  const { items } = await daemon.client.executions.list({ state: ["scheduled", "queued", "running"] });
  await Promise.all(items.map(({ executionId }) => daemon.client.executions.cancel({ id: executionId })));
};

test("a queue or command at its limit holds up nobody else, and a full queue refuses by name", async () => {
  await using daemon = await startTestDaemon({ config });
  const holding = await Promise.all([1, 2, 3, 4].map(() => submit(daemon, "hold")));
  const single = await Promise.all([1, 2].map(() => submit(daemon, "single")));
  expect(await daemon.client.executions.execute({ command: "quick" })).toMatchObject({ state: "succeeded" });
  const states = await Promise.all(holding.map((id) => stateOf(daemon, id)));
  expect(states.sort()).toEqual(["queued", "queued", "queued", "running"]);
  expect((await Promise.all(single.map((id) => stateOf(daemon, id)))).sort()).toEqual(["queued", "running"]);
  expect(await queueOf(daemon, "slow")).toMatchObject({
    maxConcurrent: 1,
    maxQueued: 3,
    running: 1,
    queued: 3,
    oldestQueuedAt: expect.any(String),
  });

  const full = await daemon.cli(["run", "--detach", "hold"]);
  expect(full).toMatchObject({ exitCode: 75, stderr: expect.stringContaining("3 executions may wait (queue.slow.maxQueued)") });
  await expect(submit(daemon, "hold")).rejects.toMatchObject({ code: "resourceExhausted", details: { limit: 3, queue: "slow" } });
  // Another queue has room.
  const elsewhere = await daemon.cli(["run", "--detach", "--queue", "default", "hold"]);
  expect(await stateOf(daemon, elsewhere.stdout.trim())).toBe("running");
  const unknown = await daemon.cli(["run", "--queue", "slwo", "quick"]);
  expect(unknown).toMatchObject({ exitCode: 64, stderr: expect.stringContaining("There is no queue slwo. There are: default, slow.") });

  // As soon as one ends, the next of its queue begins.
  const running = holding[states.indexOf("running")] ?? "";
  const first = (await daemon.client.executions.list({ state: "running", command: "hold" })).items.find(({ queue }) => queue === "slow");
  await daemon.client.executions.cancel({ id: first?.executionId ?? running });
  await until(
    "the next to begin",
    () => queueOf(daemon, "slow"),
    ({ running: count, queued }) => count === 1 && queued === 2,
  );
  await cancelAll(daemon);
});

test(
  "a paused queue finishes what runs, keeps what waits over kill -9, and goes on by priority, then in order",
  { timeout: 60_000 },
  async () => {
    await using daemon = await startTestDaemon({ config });
    const running = await submit(daemon, "single");
    const paused = await daemon.cli(["queue", "pause"]);
    expect(paused).toMatchObject({ exitCode: 0, stderr: "Queue default is paused: 1 running, 0 waiting.\n" });
    const words = [
      ["third", 0],
      ["fourth", 0],
      ["first", 5],
      ["fifth", -1],
      ["second", 5],
    ] as const;
    const ids: string[] = [];
    for (const [word, priority] of words) ids.push(await submit(daemon, "note", { input: { word }, priority, cwd: daemon.folder }));
    expect(await stateOf(daemon, running)).toBe("running");
    const ps = await daemon.cli(["ps"]);
    expect(ps.stderr).toContain("Paused: default (5 waiting)");

    const foreground = daemon.spawnCli(["run", "note", "--word", "sixth"]);
    const told = await until("the notice", () => String((foreground.stderr as Readable).read() ?? "") || undefined);
    expect(told).toMatch(/^gantry: exe_\w+ waits because its queue is paused; let it go on with: gantry queue resume default\n$/);
    foreground.kill("SIGINT");
    expect((await collect(foreground)).exitCode).toBe(130);

    await daemon.kill9();
    await daemon.restart();
    expect(await queueOf(daemon, "default")).toMatchObject({ paused: true, queued: 5, running: 1 });
    expect((await daemon.cli(["status"])).stdout).toMatch(/paused +default; go on with: gantry queue resume --all/);
    // Another queue is not touched by it.
    expect(await daemon.client.executions.execute({ command: "quick", queue: "slow" })).toMatchObject({ state: "succeeded" });

    expect(await daemon.cli(["queue", "resume", "slwo"])).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining("There is no queue slwo. There are: default, slow."),
    });
    expect(await daemon.cli(["queue", "resume"])).toMatchObject({ exitCode: 0, stderr: "Queue default goes on.\n" });
    for (const id of ids)
      await until(
        `${id} to end`,
        () => stateOf(daemon, id),
        (state) => state === "succeeded",
      );
    expect(await readFile(join(daemon.folder, "order"), "utf8")).toBe("first\nsecond\nthird\nfourth\nfifth\n");
    await daemon.client.executions.cancel({ id: running });
    const listed = JSON.parse((await daemon.cli(["queue", "list", "--json"])).stdout) as { items: object[] };
    expect(listed.items).toMatchObject([
      { name: "default", paused: false, queued: 0, running: 0 },
      { name: "slow", paused: false, queued: 0, running: 0 },
    ]);
  },
);

test("gantry start --paused holds everything that waits until it is resumed, and says so", { timeout: 60_000 }, async () => {
  await using daemon = await startTestDaemon({ config });
  await submit(daemon, "single");
  const waiting = await submit(daemon, "single");
  await daemon.stop({ drainTimeoutMs: 0 });
  const started = await daemon.cli(["start", "--port", "0", "--paused"]);
  expect(started).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("Paused: default, slow (1 waiting)") });
  const again = await daemon.cli(["start", "--paused"]);
  expect(again.stderr).toContain("pause it with: gantry queue pause --all");
  const show = async () => {
    const connection = await connectControl(daemon.paths.controlSocket);
    const { state } = (await connection.call("executions.get", { id: waiting })) as { state: string };
    connection.close();
    return state;
  };
  expect(await show()).toBe("queued");
  const resumed = await daemon.cli(["queue", "resume", "slow"]);
  expect(resumed.stderr).toBe("Queue slow goes on.\nStill paused: default. Resume all with: gantry queue resume --all\n");
  const control = await connectControl(daemon.paths.controlSocket);
  await control.call("queues.resume", { name: "default" });
  control.close();
  await until("it to begin", show, (state) => state === "running");
  // Another start is not paused by the flag of the one before.
  expect((await daemon.cli(["restart"])).stderr).not.toContain("Paused");
  await daemon.cli(["cancel", waiting]);
  expect((await daemon.cli(["stop"])).exitCode).toBe(0);
});
