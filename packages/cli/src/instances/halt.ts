/** Stops a daemon: by its API, then TERM, then KILL, each only while the process is provably the one of the record. */
import { connectLocal, type InstanceChoice, isAlive, localPaths, readRecord } from "@gantry/client/node";
import type { InstanceRecord, OperationInput } from "@gantry/contract";
import type { instanceOperations } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";

type StopInput = OperationInput<typeof instanceOperations.stop>;

export interface Halted {
  outcome: "stopped" | "notRunning";
  /** Which of the three ways ended it. */
  by?: "api" | "SIGTERM" | "SIGKILL";
  record?: InstanceRecord;
}

const defaultDrainTimeoutMs = 10_000;
/** Closing everything after the drain. */
const closingTimeoutMs = 5000;
const signalTimeoutMs = 5000;
const shownExecutions = 5;

export async function halt(instance: string, input: StopInput, notice: (text: string) => void): Promise<Halted> {
  const record = readRecord(localPaths(instance));
  if (record === undefined || !isAlive(record)) {
    // A daemon that has just begun to listen may answer before its record is written.
    if ((await askToStop({ instance }, input)) === undefined) return { outcome: "notRunning" };
    throw new GantryError(
      "conflict",
      `Instance ${instance} is stopping but has no record, so its end cannot be verified. Look again with: gantry status`,
    );
  }
  const asked = await askToStop({ instance }, input);
  if (asked !== undefined) {
    const hasten = () => {
      notice("Not waiting any longer.");
      void askToStop({ instance }, { ...input, drainTimeoutMs: 0 });
    };
    // Before the notice: whoever reads it may press Ctrl-C at once.
    process.once("SIGINT", hasten);
    if (asked.waitsFor !== undefined) notice(`Waiting for ${asked.waitsFor}. Ctrl-C to wait no longer.`);
    const ended = await gone(record, (input.drainTimeoutMs ?? defaultDrainTimeoutMs) + closingTimeoutMs);
    process.off("SIGINT", hasten);
    if (ended) return { outcome: "stopped", by: "api", record };
  }
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    notice(`Process ${record.pid} does not stop by itself: sending ${signal}.`);
    if (isAlive(record)) process.kill(record.pid, signal);
    if (await gone(record, signalTimeoutMs)) return { outcome: "stopped", by: signal, record };
  }
  throw new GantryError(
    "internal",
    `Process ${record.pid} of instance ${instance} did not end even by SIGKILL. It may hang in the kernel; see: ps -o stat,wchan -p ${record.pid}`,
  );
}

/** Undefined when it does not answer. */
async function askToStop(choice: InstanceChoice, input: StopInput): Promise<{ waitsFor?: string } | undefined> {
  try {
    const local = await connectLocal(choice);
    try {
      // Asked before the stop: afterwards the door may close at any moment.
      const running = await local.client.executions
        .list({ state: "running", limit: shownExecutions }, { timeoutMs: signalTimeoutMs })
        .catch(() => ({ items: [] }));
      const { waitingFor } = await local.client.instances.stop(input, { timeoutMs: signalTimeoutMs });
      if (waitingFor.executions === 0 || input.keepPrograms === true || input.drainTimeoutMs === 0) return {};
      const names = running.items.map(({ command, executionId }) => `${command} (${executionId})`).join(", ");
      const more = waitingFor.executions > running.items.length ? ", …" : "";
      return { waitsFor: `${waitingFor.executions} running: ${names}${more}` };
    } finally {
      local.close();
    }
  } catch (error) {
    // Whatever a daemon of another version answers, a signal is understood by all of them.
    if (error instanceof GantryError) return undefined;
    throw error;
  }
}

async function gone(record: InstanceRecord, timeoutMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  while (isAlive(record)) {
    if (performance.now() > deadlineMs) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}
