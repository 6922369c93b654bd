/** Ends executions: stores the outcome until it is stored, then tells it to everybody who waits. */
import type { ExecutionError, executionEvents, ExecutionState } from "@gantry/contract";

import type { Clock } from "../core/clock.ts";
import type { Publish } from "../core/event-bus.ts";
import type { Logger } from "../core/logger.ts";
import { finalError } from "./endings.ts";
import { brief, type LiveExecution, notify } from "./live-execution.ts";
import { childIdOf, type ProgramEngine } from "./program-engine.ts";
import { type AttemptOutcome, stateAfter, transition } from "./state.ts";
import type { ExecutionStore } from "./store.ts";
import { storeSurely } from "./store-surely.ts";

export interface ConclusionOptions {
  store: Pick<ExecutionStore, "end">;
  programs: Pick<ProgramEngine, "forget">;
  bytesSoFar(live: LiveExecution): Promise<number>;
  /** Called when it is stored and before anybody is told. */
  onEnded(live: LiveExecution): void;
  publish: Publish<typeof executionEvents>;
  clock: Clock;
  logger: Logger;
}

export interface Conclusion {
  conclude(live: LiveExecution, outcome: AttemptOutcome): Promise<void>;
  /** Ends one that waits, for its first attempt or for another. */
  concludeWaiting(live: LiveExecution, state: "cancelled" | "failed" | "expired", error: ExecutionError): Promise<void>;
}

export function createConclusion(options: ConclusionOptions): Conclusion {
  const { store, programs, bytesSoFar, onEnded, publish, clock, logger } = options;

  const conclude = async (live: LiveExecution, outcome: AttemptOutcome) => {
    const { row } = live;
    const { leftovers = [] } = outcome;
    if (leftovers.length > 0) logger.warn({ executionId: row.id, leftovers }, "an execution left processes behind");
    const state = transition(row.state as ExecutionState, stateAfter(outcome));
    const ending = {
      state,
      // Not before its beginning, whatever the clock did meanwhile.
      endedAtMs: Math.max(clock.now(), row.startedAtMs ?? row.createdAtMs),
      result: outcome.result ?? null,
      error: finalError(outcome, state),
      exitCode: outcome.exitCode,
      signal: outcome.signal,
      outputBytes: await bytesSoFar(live),
      leftovers: leftovers.length === 0 ? null : JSON.stringify(leftovers),
    };
    await storeSurely(row.id, logger, () => store.end(row, { ...ending, attemptStartedAtMs: live.attemptStartedAtMs }));
    live.row = { ...row, ...ending, env: null, sealedInput: null, error: ending.error === null ? null : JSON.stringify(ending.error) };
    onEnded(live);
    if (row.kind === "program") programs.forget(childIdOf(row));
    live.end();
    notify(live);
    const { endedAtMs, exitCode } = ending;
    const durationMs = row.startedAtMs === null ? null : endedAtMs - row.startedAtMs;
    publish("execution.ended", { ...brief(live), success: state === "succeeded", exitCode, durationMs });
  };

  return {
    conclude,
    concludeWaiting: (live, state, error) =>
      conclude(live, { endedBy: state === "failed" ? "itself" : state, exitCode: null, signal: null, error }),
  };
}
