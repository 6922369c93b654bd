/**
 * kill -9 of the daemon at random moments while functions and programs run: every acknowledged execution is there afterwards and told truly,
 * none is run twice, and programs go on to their own exit code. GANTRY_FAULT_ROUNDS makes it longer (200 in the soak run).
 */
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";

import { expect, test } from "vitest";

import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const rounds = Number(process.env.GANTRY_FAULT_ROUNDS ?? 10);
const atOnce = 8;
const longestWaitMs = 400;

/** Each run appends one line to a file of its own: two lines would be a second run. */
const config = `
[commands]
modules = ["./*.mjs"]
maxConcurrent = 6

[command.program]
argv = ["sh", "-c", "echo run >> \\"$MARKS/$GANTRY_EXECUTION_ID\\"; echo begun; sleep 0.$1; echo done >> \\"$MARKS/$GANTRY_EXECUTION_ID\\"; exit $2", "sh", "{tenths}", "{code}"]
input = { tenths = { type = "integer" }, code = { type = "integer" } }
`;
const functionModule = `
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
export default {
  "gantry.command": 1, name: "function", summary: "", positionals: [], timeoutMs: undefined,
  inputSchema: () => ({ type: "object", properties: { delayMs: { type: "integer" } }, required: ["delayMs"], additionalProperties: false }),
  parse: (input) => input,
  async run({ delayMs }, { executionId }) {
    appendFileSync(process.env.MARKS + "/" + executionId, "run\\n");
    await sleep(delayMs);
    appendFileSync(process.env.MARKS + "/" + executionId, "done\\n");
    return executionId;
  },
};`;

interface Acknowledged {
  id: string;
  kind: "program" | "function";
  code: number;
}

test(`${rounds} kills lose nothing that was acknowledged and run nothing twice`, { timeout: 60_000 + rounds * 6000 }, async () => {
  await using daemon = await startTestDaemon({ config });
  await writeFile(join(daemon.folder, "function.mjs"), functionModule);
  const marks = daemon.home;
  const acknowledged: Acknowledged[] = [];

  for (let round = 0; round < rounds; round += 1) {
    const before = acknowledged.length;
    const load = keepSubmitting(daemon, marks, acknowledged);
    // Every other moment is counted from the first answers on: on a busy machine all kills could otherwise come before anything was acknowledged.
    if (round % 2 === 0) await until("three to be acknowledged", () => acknowledged.length >= before + 3);
    await sleep(Math.random() * longestWaitMs);
    await daemon.kill9();
    load.stop();
    await load.stopped;
    await daemon.restart();
  }

  const untrue: string[] = [];
  for (const { id, kind, code } of acknowledged) {
    const execution = await until(
      `${id} to end`,
      () => daemon.client.executions.get({ id }),
      ({ endedAt }) => endedAt !== null,
    );
    const told = { state: execution.state, exitCode: execution.exitCode, attempts: execution.attempts.length, lines: marksOf(marks, id) };
    if (!truths(kind, code).some((truth) => isDeepStrictEqual(told, truth))) untrue.push(`${kind} ${id}: ${JSON.stringify(told)}`);
  }
  expect(untrue).toEqual([]);
  // Also what was never acknowledged, because the daemon died before it could answer, was run at most once.
  const ran = readdirSync(marks).filter((name) => name.startsWith("exe_"));
  expect(ran.filter((name) => marksOf(marks, name).filter((line) => line === "run").length !== 1)).toEqual([]);
  expect(acknowledged.length).toBeGreaterThan(rounds);
});

/** Everything that may be said of an execution, with the marks that it must then have left. */
function truths(kind: Acknowledged["kind"], code: number): object[] {
  const whole = { attempts: 1, lines: ["run", "done"] };
  const interrupted = { state: "interrupted", exitCode: null, attempts: 1 };
  if (kind === "program") {
    // Adopted or ended meanwhile: its own exit code. Interrupted only when the daemon died before it had handed it to the host.
    return [
      { state: code === 0 ? "succeeded" : "failed", exitCode: code, ...whole },
      { ...interrupted, lines: [] },
    ];
  }
  const marks = [[], ["run"], ["run", "done"]];
  return [{ state: "succeeded", exitCode: 0, ...whole }, ...marks.map((lines) => ({ ...interrupted, lines }))];
}

/** Submits without waiting for outcomes, as fast as answers come; notes every answer. */
function keepSubmitting(daemon: TestDaemon, marks: string, acknowledged: Acknowledged[]) {
  const stopping = new AbortController();
  const env = { MARKS: marks };
  const lane = async (kind: Acknowledged["kind"]) => {
    while (!stopping.signal.aborted) {
      const code = Math.floor(Math.random() * 3);
      const input = kind === "program" ? { tenths: Math.floor(Math.random() * 4), code } : { delayMs: Math.floor(Math.random() * 120) };
      try {
        const { executionId } = await daemon.client.executions.execute({ command: kind, input, env, wait: false });
        acknowledged.push({ id: executionId, kind, code });
      } catch {
        // The daemon is gone: not acknowledged.
        return;
      }
      await sleep(20);
    }
  };
  const stopped = Promise.all(Array.from({ length: atOnce }, (_, index) => lane(index % 2 === 0 ? "program" : "function")));
  return { stop: () => stopping.abort(), stopped };
}

function marksOf(folder: string, id: string): string[] {
  try {
    return readFileSync(join(folder, id), "utf8").split("\n").filter(Boolean);
  } catch {
    return [];
  }
}
