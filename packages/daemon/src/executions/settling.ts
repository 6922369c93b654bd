/** Decides what follows an attempt: another one, now or later, or the end. A pending retry is durable before anybody hears of it. */
import type { executionEvents, ExecutionState } from "@gantry/contract";

import { type Clock, toTimestamp } from "../core/clock.ts";
import type { Publish } from "../core/event-bus.ts";
import type { Logger } from "../core/logger.ts";
import type { Conclusion } from "./conclusion.ts";
import { cancelledWaiting, messageOf } from "./endings.ts";
import { brief, type LiveExecution, notify } from "./live-execution.ts";
import { childIdOf, type ProgramEngine } from "./program-engine.ts";
import { nextTry } from "./repeat.ts";
import { type AttemptOutcome, stateAfter, transition } from "./state.ts";
import type { ExecutionStore } from "./store.ts";
import { storeSurely } from "./store-surely.ts";

export interface SettlingOptions {
  store: Pick<ExecutionStore, "retry">;
  programs: Pick<ProgramEngine, "forget">;
  conclusion: Conclusion;
  bytesSoFar(live: LiveExecution): Promise<number>;
  /** Until it is due, and then for a place. */
  wait(live: LiveExecution): void;
  publish: Publish<typeof executionEvents>;
  clock: Clock;
  logger: Logger;
}

export interface Settling {
  /** Resolves when it has ended or waits again. */
  settle(live: LiveExecution, outcome: AttemptOutcome): Promise<void>;
}

export function createSettling(options: SettlingOptions): Settling {
  const { store, programs, conclusion, bytesSoFar, wait, publish, clock, logger } = options;

  return {
    async settle(live, outcome) {
      const state = stateAfter(outcome);
      const next = live.cancelRequested ? undefined : nextTry(state, live.policy, live.spent, Math.random);
      if (next === undefined) return conclusion.conclude(live, outcome);
      const { row } = live;
      const { delayMs } = next;
      const { exitCode, signal } = outcome;
      const error = outcome.error ?? { name: state, message: messageOf(state) };
      const endedAtMs = Math.max(clock.now(), live.attemptStartedAtMs);
      const attempt = {
        executionId: row.id,
        attempt: row.attempt,
        state,
        startedAtMs: live.attemptStartedAtMs,
        endedAtMs,
        exitCode,
        signal,
        error: JSON.stringify(error),
        worker: row.worker,
      };
      const waiting = {
        ...row,
        state: transition(row.state as ExecutionState, delayMs > 0 ? "scheduled" : "queued"),
        dueAtMs: endedAtMs + delayMs,
        outputBytes: await bytesSoFar(live),
        worker: null,
      };
      await storeSurely(row.id, logger, () => store.retry(waiting, attempt));
      if (row.kind === "program") programs.forget(childIdOf(row));
      live.row = waiting;
      live.running = undefined;
      live.progress = undefined;
      live.spent = next.spent;
      const dueAt = toTimestamp(waiting.dueAtMs);
      live.retryings.push({ offset: waiting.outputBytes, attempt: row.attempt, state, error, delayMs, dueAt });
      publish("execution.retrying", { ...brief(live), ended: state, exitCode, delayMs, dueAt });
      notify(live);
      if (live.cancelRequested) await conclusion.concludeWaiting(live, "cancelled", cancelledWaiting);
      else wait(live);
    },
  };
}
