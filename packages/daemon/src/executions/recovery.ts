/** Settles what an earlier daemon left unfinished: adopted, told by its recorded outcome, queued again, or `interrupted`. Nothing is run twice. */
import { type ProcessIdentity, sameProcess } from "@gantry/contract";

import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { readProcessIdentity } from "../core/process-identity.ts";
import type { ChildStatus } from "../host/interface.ts";
import { createLiveExecution } from "./live-execution.ts";
import { groupGone, signalGroup } from "./process-group.ts";
import { lostOutcome, outcomeOf, type ProgramHost } from "./program-engine.ts";
import type { ExecutionsService } from "./service.ts";
import { type AttemptOutcome, stateAfter } from "./state.ts";
import type { ExecutionRow, ExecutionStore } from "./store.ts";

export interface RecoveryOptions {
  store: ExecutionStore;
  service: Pick<ExecutionsService, "adopt" | "resume">;
  host: Pick<ProgramHost, "list" | "forget" | "terminate">;
  outputsDirectory: string;
  clock: Clock;
  logger: Logger;
}

const killedWithinMs = 5000;

/** Call after the program engine listens and before anything new is accepted. */
export async function recoverExecutions(
  options: RecoveryOptions,
): Promise<{ adopted: number; ended: number; interrupted: number; queued: number }> {
  const { store, service, host, outputsDirectory, clock, logger } = options;
  const told = { adopted: 0, ended: 0, interrupted: 0, queued: 0 };
  const rows = await store.unfinished();
  const children = new Map((await host.list()).filter(({ id }) => id.startsWith("exe_")).map((child) => [child.id, child]));

  const live = (row: ExecutionRow, hasOutput: boolean) => {
    const input = JSON.parse(row.input) as Record<string, unknown>;
    const taken = createLiveExecution({ row, input, target: undefined, outputsDirectory, hasOutput });
    // Nobody knows any more whether its caller was a detached one, so nobody's going away may cancel it.
    taken.foregroundCallers = 1;
    return taken;
  };

  const end = async (row: ExecutionRow, outcome: AttemptOutcome, endedAtMs: number, outputBytes: number) => {
    const { exitCode, signal } = outcome;
    const state = stateAfter(outcome);
    const error =
      state === "succeeded" ? null : (outcome.error ?? { name: state, message: `It ended as ${state} while no daemon was there.` });
    await store.end(row, { state, endedAtMs, result: null, error, exitCode, signal, outputBytes });
  };

  const recoverRunning = async (row: ExecutionRow, child: ChildStatus | undefined) => {
    if (row.kind === "function") {
      await endWorkerOf(row);
      told.interrupted += 1;
      await end(row, deadWorkerOutcome, clock.now(), row.outputBytes);
    } else if (child === undefined) {
      told.interrupted += 1;
      await end(row, lostOutcome, clock.now(), row.outputBytes);
    } else if (child.exit === undefined) {
      told.adopted += 1;
      service.adopt(live(row, false));
    } else {
      told.ended += 1;
      await end(row, outcomeOf(child.exit), Math.max(child.exit.timeMs, row.startedAtMs ?? 0), child.endOffset);
      await host.forget(row.id);
    }
    children.delete(row.id);
  };

  for (const row of rows) if (row.state === "running") await recoverRunning(row, children.get(row.id));
  for (const row of rows) {
    if (row.state !== "queued") continue;
    told.queued += 1;
    service.resume(live(row, row.kind === "function"));
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

const deadWorkerOutcome: AttemptOutcome = {
  endedBy: "interrupted",
  exitCode: null,
  signal: null,
  error: { name: "Interrupted", message: "The daemon died while it ran, and its worker with it. It was not run again." },
};
