/** Settles what an earlier daemon left unfinished: adopted, told by its recorded outcome, queued again, or `interrupted`. Nothing is run twice but what says that it may be. */
import { defaultQueue, type ExecutionState, type ProcessIdentity, sameProcess } from "@gantry/contract";

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { readProcessIdentity } from "../core/process-identity.ts";
import type { ChildStatus } from "../host/interface.ts";
import type { AtRest, Given } from "./at-rest.ts";
import { finalError } from "./endings.ts";
import { createLiveExecution, logFileOf } from "./live-execution.ts";
import { endOfOutput, loadOutput } from "./load-output.ts";
import { groupGone, signalGroup } from "./process-group.ts";
import { childIdOf, lostOutcome, outcomeOf, type ProgramHost } from "./program-engine.ts";
import { spentBy } from "./repeat.ts";
import type { ExecutionsService } from "./service.ts";
import { type AttemptOutcome, stateAfter } from "./state.ts";
import type { ExecutionRow, ExecutionStore } from "./store.ts";

export interface RecoveryOptions {
  store: ExecutionStore;
  service: Pick<ExecutionsService, "adopt" | "resume" | "settle">;
  atRest: AtRest;
  host: Pick<ProgramHost, "list" | "forget" | "terminate">;
  queues: { has(name: string): boolean };
  outputsDirectory: string;
  clock: Clock;
  logger: Logger;
}

const killedWithinMs = 5000;

/** Call after the program engine listens and before anything new is accepted. */
export async function recoverExecutions(
  options: RecoveryOptions,
): Promise<{ adopted: number; ended: number; interrupted: number; queued: number }> {
  const { store, service, atRest, host, queues, outputsDirectory, clock, logger } = options;
  const told = { adopted: 0, ended: 0, interrupted: 0, queued: 0 };
  const rows = await store.unfinished();
  const children = new Map((await host.list()).filter(({ id }) => id.startsWith("exe_")).map((child) => [child.id, child]));

  const live = async (row: ExecutionRow, given: Given, hasOutput: boolean) => {
    // Its queue may have been taken out of the configuration; the execution was accepted all the same.
    const queue = queues.has(row.queue) ? row.queue : defaultQueue;
    if (queue !== row.queue)
      logger.warn({ executionId: row.id, queue: row.queue }, "its queue exists no more; it waits in the default one");
    const taken = createLiveExecution({ row, queue, ...given, target: undefined, outputsDirectory, hasOutput });
    // Nobody knows any more whether its caller was a detached one, so nobody's going away may cancel it.
    taken.foregroundCallers = 1;
    if (row.attempt === 0) return taken;
    const attempts = await store.attempts(row.id);
    taken.spent = spentBy(attempts.filter(({ endedAtMs }) => endedAtMs !== null).map(({ state }) => state as ExecutionState));
    taken.attemptStartedAtMs = attempts.find(({ attempt }) => attempt === row.attempt)?.startedAtMs ?? taken.attemptStartedAtMs;
    if (hasOutput) await loadOutput(taken);
    return taken;
  };

  const end = async (row: ExecutionRow, outcome: AttemptOutcome, endedAtMs: number, outputBytes: number) => {
    const { exitCode, signal } = outcome;
    const state = stateAfter(outcome);
    const error = finalError(outcome, state);
    const attemptStartedAtMs = row.startedAtMs ?? row.createdAtMs;
    await store.end(row, { state, attemptStartedAtMs, endedAtMs, result: null, error, exitCode, signal, outputBytes });
  };

  /** The attempt has ended; perhaps there is to be another. */
  const settle = async (row: ExecutionRow, outcome: AttemptOutcome, endedAtMs: number, outputBytes: number) => {
    const given = row.policy === null ? undefined : atRest.take(row);
    if (given === undefined) return end(row, outcome, endedAtMs, outputBytes);
    const logFile = logFileOf(outputsDirectory, row.id);
    return service.settle(await live({ ...row, outputBytes: await endOfOutput(logFile) }, given, true), outcome);
  };

  const recoverRunning = async (row: ExecutionRow, child: ChildStatus | undefined) => {
    const childId = childIdOf(row);
    children.delete(childId);
    if (row.kind === "function") {
      await endWorkerOf(row);
      told.interrupted += 1;
      await settle(row, deadWorkerOutcome, clock.now(), row.outputBytes);
    } else if (child === undefined) {
      told.interrupted += 1;
      await settle(row, lostOutcome, clock.now(), row.outputBytes);
    } else if (child.exit === undefined) {
      told.adopted += 1;
      service.adopt(await live(row, atRest.take(row) ?? { input: {}, env: {} }, false));
    } else {
      told.ended += 1;
      await settle(row, outcomeOf(child.exit), Math.max(child.exit.timeMs, row.startedAtMs ?? 0), child.endOffset);
      await host.forget(childId).catch(() => undefined);
    }
  };

  for (const row of rows) if (row.state === "running") await recoverRunning(row, children.get(childIdOf(row)));
  for (const row of rows) {
    if (row.state !== "queued" && row.state !== "scheduled") continue;
    const given = atRest.take(row);
    if (given === undefined) {
      told.ended += 1;
      await end(row, unreadableOutcome, clock.now(), row.outputBytes);
      continue;
    }
    told.queued += 1;
    service.resume(await live(row, given, row.kind === "function"));
  }
  // Left: ended ones whose outcome was stored, but which the dying daemon had no time to forget. One that runs although its row has ended
  // was being started when the daemon died, and was never told to anybody as running.
  for (const child of children.values()) {
    if (child.exit === undefined) await host.terminate(child.id, { reason: "shutdown" }).catch(() => undefined);
    await host.forget(child.id).catch(() => undefined);
  }
  if (rows.length > 0) logger.info(told, "took up the executions of the daemon before");
  return told;
}

/** A worker ends itself when its daemon is gone, unless its loop is blocked. `interrupted` may only be said of one that is really gone. */
async function endWorkerOf({ worker }: ExecutionRow): Promise<void> {
  const identity = JSON.parse(worker ?? "null") as ProcessIdentity | null;
  if (identity === null || !sameProcess(identity, readProcessIdentity(identity.pid))) return;
  signalGroup(identity.pid, "SIGKILL");
  await groupGone(identity.pid, killedWithinMs);
}

const unreadableOutcome: AttemptOutcome = {
  endedBy: "itself",
  exitCode: null,
  signal: null,
  error: {
    name: "CannotStart",
    message:
      "Its secret fields or its environment could not be read after the restart: the instance's sealing key has changed. It was not run; ask for it again.",
  },
};

const deadWorkerOutcome: AttemptOutcome = {
  endedBy: "interrupted",
  exitCode: null,
  signal: null,
  error: { name: "Interrupted", message: "The daemon died while it ran, and its worker with it." },
};
