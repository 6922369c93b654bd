/** What may be repeated is run again after kill -9 of the daemon or of its worker, within bounds; everything else ends as interrupted and is not. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const functionModule = `
const command = (name, policy, run) => ({
  "gantry.command": 1, name, summary: "", positionals: [], timeoutMs: undefined, policy, run,
  inputSchema: () => ({ type: "object", properties: {}, additionalProperties: false }), parse: (input) => input,
});
const hold = async (_input, { attempt }) => {
  console.log("begun " + attempt + " " + process.pid);
  if (attempt === 1) await new Promise((resolve) => setTimeout(resolve, 60_000));
  return attempt;
};
export const again = command("again", { idempotent: true }, hold);
export const once = command("once", {}, hold);
export const deadly = command("deadly", { idempotent: true }, async () => { process.kill(process.pid, "SIGKILL"); await new Promise(() => undefined); });
`;

/** Each prints how often it has been begun, and holds at the first time. */
const holding = (name: string) =>
  `argv = ["sh", "-c", "echo x >> ${name}; n=$(wc -l < ${name}); echo begun $n; test $n -gt 1 || sleep 60"]`;
const config = `
[commands]
modules = ["./*.mjs"]
maxConcurrent = 4

[command.sync]
${holding("sync")}
idempotent = true

[command.send]
${holding("send")}
`;

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startTestDaemon({ config });
  await writeFile(join(daemon.folder, "commands.mjs"), functionModule);
});
afterAll(() => daemon[Symbol.asyncDispose]());

const get = (id: string) => daemon.client.executions.get({ id });
const output = (id: string) => daemon.client.executions.output({ id });
const ended = (id: string) =>
  until(
    `${id} to end`,
    () => get(id),
    ({ endedAt }) => endedAt !== null,
  );
const begin = async (command: string) => {
  const { executionId } = await daemon.client.executions.execute({ command, wait: false });
  const text = await until(
    `${command} to begin`,
    () => output(executionId),
    (printed) => printed.endsWith("\n"),
  );
  return { id: executionId, worker: Number(/(\d+)\n$/.exec(text)?.[1]) };
};
const firstInterrupted = { attempt: 1, state: "interrupted", exitCode: null };

test("kill -9 of the daemon: an idempotent function is run again as attempt 2, another one is interrupted", async () => {
  const [again, once] = await Promise.all([begin("again"), begin("once")]);
  await daemon.kill9();
  await daemon.restart();
  const execution = await ended(again.id);
  expect(execution).toMatchObject({
    state: "succeeded",
    attempt: 2,
    result: 2,
    attempts: [firstInterrupted, { attempt: 2, state: "succeeded" }],
  });
  expect((await output(again.id)).split("\n")).toMatchObject([/begun 1 /, /begun 2 /, ""].map((line) => expect.stringMatching(line)));
  expect(await get(once.id)).toMatchObject({
    state: "interrupted",
    attempt: 1,
    error: { message: expect.stringContaining("not run again") },
  });
});

test("kill -9 of a worker: the same, without a restart", async () => {
  const [again, once] = await Promise.all([begin("again"), begin("once")]);
  process.kill(again.worker, "SIGKILL");
  process.kill(once.worker, "SIGKILL");
  expect(await ended(again.id)).toMatchObject({ state: "succeeded", attempts: [firstInterrupted, { attempt: 2, state: "succeeded" }] });
  expect(await ended(once.id)).toMatchObject({
    state: "interrupted",
    attempts: [firstInterrupted],
    error: { message: "the worker was ended by SIGKILL. It was not run again." },
  });
});

test("kill -9 of the process host: an idempotent program is run again, another one is interrupted", async () => {
  const [again, once] = await Promise.all([begin("sync"), begin("send")]);
  for (const { pid } of (await daemon.client.sessions.hosts()).items) if (pid !== null) process.kill(pid, "SIGKILL");
  expect(await ended(again.id)).toMatchObject({
    state: "succeeded",
    attempts: [firstInterrupted, { attempt: 2, state: "succeeded", exitCode: 0 }],
  });
  expect(await output(again.id)).toBe("begun 1\nbegun 2\n");
  expect(await ended(once.id)).toMatchObject({
    state: "interrupted",
    attempts: [firstInterrupted],
    error: { message: expect.stringContaining("not run again") },
  });
});

test("what kills its worker every time is not run for ever", async () => {
  const { state, attempts } = await daemon.client.executions.execute({ command: "deadly" }).then(({ executionId }) => get(executionId));
  expect([state, attempts.map((attempt) => attempt.state)]).toEqual(["interrupted", Array.from({ length: 4 }, () => "interrupted")]);
});
