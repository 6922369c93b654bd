/** A canary in secret fields: the command gets it, and nothing that is stored, logged, shown, or listed has it. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { io } from "socket.io-client";
import { afterAll, beforeAll, expect, test } from "vitest";

import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { processesOf } from "../support/processes.ts";
import { until } from "../support/until.ts";

const canary = "canary-7f3a9c";

const config = `
[commands]
modules = ["${repository}/test/support/sign-in.ts"]
maxConcurrent = 1

[command.measure]
argv = ["sh", "-c", "printf %s \\"$TOKEN\\" | wc -c; test -z \\"$EXTRA\\" || printf %s \\"$EXTRA\\" | wc -c"]
input = { token = { secret = true }, label = { default = "none" } }
env = { TOKEN = "{token}", BRACES = "{other}" }

[command.wait]
argv = ["sh", "-c", "while [ ! -e go ]; do sleep 0.02; done; rm go"]

[command.leaky]
argv = ["curl", "-H", "Authorization: {token}"]
input = { token = { secret = true } }
`;

let daemon: TestDaemon;
const events: unknown[] = [];
beforeAll(async () => {
  daemon = await startTestDaemon({ config });
});
afterAll(() => daemon[Symbol.asyncDispose]());

const execute = (request: Parameters<TestDaemon["client"]["executions"]["execute"]>[0]) => daemon.client.executions.execute(request);
const signIn = (more: object = {}) => ({ command: "sign-in", input: { user: "ada", token: canary, ...more } });

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((file) => join(folder, file))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true);
}

function findCanary(): string[] {
  const inFiles = filesBelow(daemon.home).filter((file) => readFileSync(file).includes(canary));
  const inArguments = processesOf(daemon.home).filter(({ command }) => command.includes(canary));
  return [...inFiles, ...inArguments.map(({ pid, command }) => `${pid} ${command}`)];
}

test("functions and programs get the secret; errors, rows, logs, events, and process lists do not", async () => {
  const socket = io(`${daemon.url}/cluster`, { transports: ["websocket"], auth: { key: daemon.key }, forceNew: true });
  socket.onAny((...given) => events.push(given));
  await new Promise((resolve) => socket.once("connect", () => resolve(undefined)));
  try {
    expect(await execute(signIn())).toMatchObject({ state: "succeeded", result: { user: "ada", letters: canary.length } });
    const failed = await execute(signIn({ fail: true }));
    expect(failed).toMatchObject({
      state: "failed",
      error: { message: "the server refused [secret]", cause: { message: "token=[secret]" } },
    });
    const measured = await execute({ command: "measure", input: { token: canary }, env: { EXTRA: canary } });
    expect(measured.output).toBe(`${canary.length}\n${canary.length}\n`);

    await expect(daemon.client.executions.retry({ id: failed.executionId })).rejects.toThrow(/had secret fields, which are forgotten/);

    const shown = await daemon.client.executions.get({ id: failed.executionId });
    expect(shown.input).toEqual({ user: "ada", token: "[secret]", fail: true });
    const printed = await daemon.cli(["show", failed.executionId]);
    expect(printed.stdout).toContain("[secret]");
    const told = [
      printed,
      await daemon.cli(["history", "--json"]),
      await daemon.cli(["logs"]),
      await daemon.client.commands.list({}),
      failed,
      shown,
    ];
    expect(JSON.stringify(told)).not.toContain(canary);
    expect(JSON.stringify(events)).toContain("execution.ended");
    expect(JSON.stringify(events)).not.toContain(canary);
    expect(findCanary()).toEqual([]);
  } finally {
    socket.disconnect();
  }
});

test("a refusal names the field and the rule, not the value; a secret in argv is refused when it is defined", async () => {
  const refused = async (request: Parameters<typeof execute>[0]) => {
    const error: unknown = await execute(request).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: "invalidArgument" });
    const problem = (error as { toProblem(): unknown }).toProblem();
    expect(JSON.stringify(problem)).not.toContain(canary);
    return (error as Error).message;
  };
  expect(await refused(signIn({ token: `${canary}!` }))).toMatch(/token must match pattern .*\[secret\] was given/);
  expect(await refused(signIn({ token: [canary] }))).toMatch(/token must be string, but \[secret\] was given/);
  expect(await refused(signIn({ user: 5 }))).toMatch(/user must be string, but 5 was given/);
  expect(await refused({ command: "sign-in", argv: ["--tokn", "ada", canary] })).toMatch(/unknown option "--tokn"/);
  expect(await refused({ command: "sign-in", argv: ["ada", canary] })).toMatch(/unexpected argument \[secret\]/);
  expect((await daemon.client.commands.list({})).problems[0]?.message).toMatch(/argv uses \{token\}, which is secret.*env = /);
});

test("the command line takes an input that no process list shows", async () => {
  const stdin = JSON.stringify({ user: "ada", token: canary });
  const run = await daemon.cli(["run", "--json", "--input", "-", "sign-in"], { stdin });
  expect(JSON.parse(run.stdout)).toMatchObject({ state: "succeeded", result: { user: "ada", letters: canary.length } });
  for (const wrong of [`${stdin}]`, `["${canary}"]`]) {
    const refused = await daemon.cli(["run", "--input", "-", "sign-in"], { stdin: wrong });
    expect(refused.exitCode).toBe(64);
    expect(refused.stderr).toMatch(/--input standard input: it must hold one JSON object\. Nothing was run\./);
    expect(refused.stderr).not.toContain(canary);
  }
  expect((await daemon.cli(["run", "--input", "-", "sign-in", "ada"], { stdin })).exitCode).toBe(64);
  expect((await daemon.cli(["run", "--input", "no-such-file", "sign-in"])).stderr).toMatch(/no-such-file: it cannot be read/);
});

test("a queued one is sealed at rest and gets its secret after kill -9; a repeated request is told by its digest", async () => {
  const blocker = await execute({ command: "wait", wait: false });
  const queued = await execute({ ...signIn(), idempotencyKey: "once", wait: false });
  const withEnv = await execute({ command: "measure", input: { token: canary }, env: { EXTRA: `${canary}12` }, wait: false });
  expect(queued.state).toBe("queued");
  expect(findCanary()).toEqual([]);
  await daemon.kill9();
  await daemon.restart();
  await writeFile(join(daemon.folder, "go"), "");
  const ended = (id: string) =>
    until(
      "it to end",
      () => daemon.client.executions.get({ id }),
      ({ state }) => state === "succeeded",
    );
  await ended(blocker.executionId);
  expect((await ended(queued.executionId)).result).toEqual({ user: "ada", letters: canary.length });
  await ended(withEnv.executionId);
  expect(await daemon.client.executions.output({ id: withEnv.executionId })).toBe(`${canary.length}\n${canary.length + 2}\n`);
  expect((await execute({ ...signIn(), idempotencyKey: "once" })).executionId).toBe(queued.executionId);
  await expect(execute({ ...signIn({ token: "another-token" }), idempotencyKey: "once" })).rejects.toMatchObject({ code: "conflict" });
  expect(findCanary()).toEqual([]);
});

test("with another sealing key a queued one fails and says why", async () => {
  const blocker = await execute({ command: "wait", wait: false });
  const queued = await execute({ ...signIn(), wait: false });
  await daemon.kill9();
  await writeFile(daemon.paths.sealingKeyFile, `${Buffer.alloc(32, 1).toString("base64")}\n`);
  await daemon.restart();
  const lost = await daemon.client.executions.get({ id: queued.executionId });
  expect(lost).toMatchObject({ state: "failed", error: { name: "CannotStart" } });
  expect(lost.error?.message).toMatch(/sealing key has changed\. It was not run/);
  await writeFile(join(daemon.folder, "go"), "");
  await until(
    "the blocker to end",
    () => daemon.client.executions.get({ id: blocker.executionId }),
    ({ state }) => state === "succeeded",
  );
});

test("schedules and batches keep it sealed, show it concealed, and run with it", async () => {
  const request = signIn();
  const schedule = await daemon.client.schedules.create({ ...request, name: "nightly", cron: "0 3 * * *" });
  expect(schedule.input).toEqual({ user: "ada", token: "[secret]", fail: false });
  const byWords = await daemon.client.schedules.create({
    command: "sign-in",
    argv: ["bob", "--token", canary],
    name: "words",
    cron: "0 3 * * *",
  });
  expect(byWords).toMatchObject({ argv: null, input: { user: "bob", token: "[secret]" } });
  const tick = await daemon.client.schedules.trigger({ schedule: "words" });
  await daemon.restart();
  expect((await daemon.client.schedules.get({ schedule: "nightly" })).input).toMatchObject({ token: "[secret]" });
  await until(
    "the tick to end",
    () => daemon.client.executions.get({ id: tick.executionId as string }),
    ({ state }) => state === "succeeded",
  );
  const again = await daemon.client.schedules.trigger({ schedule: "nightly" });
  const run = await until(
    "the second tick to end",
    () => daemon.client.executions.get({ id: again.executionId as string }),
    ({ state }) => state === "succeeded",
  );
  expect(run.result).toEqual({ user: "ada", letters: canary.length });

  const blocker = await execute({ command: "wait", wait: false });
  const { batchId } = await daemon.client.batches.create({ items: [request, { ...request, needs: ["1"] }] });
  expect(findCanary()).toEqual([]);
  await writeFile(join(daemon.folder, "go"), "");
  const batch = await until(
    "the batch to end",
    () => daemon.client.batches.get({ id: batchId }),
    ({ state }) => state !== "running",
  );
  expect(batch).toMatchObject({ state: "succeeded", counts: { succeeded: 2 } });
  await daemon.client.executions.get({ id: blocker.executionId });
  expect(findCanary()).toEqual([]);
  // The search would find it.
  await execute({ command: "measure", input: { token: "other", label: canary } });
  expect(findCanary()).not.toEqual([]);
});
