/** Makes one attempt of an execution that has a place: says so durably, lets an engine run it, and hands on how it ended. */
import type { ExecutionError, executionEvents, ExecutionState } from "@gantry/contract";
import { SlotMap } from "@gantry/contract/slot-map";

import type { Clock } from "../core/clock.ts";
import type { Publish } from "../core/event-bus.ts";
import type { Logger } from "../core/logger.ts";
import { withoutSecrets } from "./at-rest.ts";
import { runFunction } from "./function-engine.ts";
import type { Limits } from "./limits.ts";
import { brief, type LiveExecution, notify } from "./live-execution.ts";
import type { Place } from "./places.ts";
import { childIdOf, type ProgramEngine } from "./program-engine.ts";
import type { FindCommand } from "./runnable-command.ts";
import { type AttemptOutcome, transition } from "./state.ts";
import type { ExecutionRow, ExecutionStore } from "./store.ts";
import { storeRetryMs } from "./store-surely.ts";

export interface AttemptsOptions {
  store: Pick<ExecutionStore, "begin">;
  findCommand: FindCommand;
  limits: Pick<Limits, "limitCommand">;
  programs: ProgramEngine;
  /** What every program inherits. */
  programEnvironment: Readonly<Record<string, string>>;
  /** `outputMaxBytes`: how much of an execution's output is kept, besides the last of it. May change at any time. */
  settings: { readonly outputMaxBytes: number };
  /** Called once, when the process is gone or the worker free. */
  free(live: LiveExecution, place: Place): void;
  /** It could not begin now: it waits again. */
  putBack(live: LiveExecution): void;
  /** No attempt was made. */
  cannotStart(live: LiveExecution, error: ExecutionError): Promise<void>;
  /** More of a command may be allowed to begin than before. */
  onLimitKnown(): void;
  /** An attempt has ended. */
  ended(live: LiveExecution, outcome: AttemptOutcome): Promise<void>;
  publish: Publish<typeof executionEvents>;
  clock: Clock;
  logger: Logger;
}

export interface UnderWay {
  live: LiveExecution;
  over: Promise<void>;
}

export interface Attempts {
  /** Those under way, each until it has ended or waits for another attempt, and that is stored. */
  readonly underWay: SlotMap<string, UnderWay>;
  /** The row as it is from the attempt's beginning on. */
  begun(live: LiveExecution, place: Place): ExecutionRow;
  /** `live.row` says running and is durable; now it may have effects. */
  run(live: LiveExecution, place: Place): void;
  /** From the queue into a place. */
  start(live: LiveExecution, place: Place): void;
  /** A program that an earlier daemon has started. */
  adopt(live: LiveExecution): void;
}

export function createAttempts(options: AttemptsOptions): Attempts {
  const {
    store,
    findCommand,
    limits,
    programs,
    programEnvironment,
    settings,
    free,
    putBack,
    cannotStart,
    onLimitKnown,
    ended,
    publish,
    clock,
    logger,
  } = options;

  const underWay = new SlotMap<string, UnderWay>();

  const track = (live: LiveExecution, over: Promise<void>) => {
    underWay.set(live.id, { live, over });
    void over.finally(() => underWay.get(live.id)?.over === over && underWay.delete(live.id));
  };

  const begun: Attempts["begun"] = (live, place) => {
    const { row } = live;
    live.attemptStartedAtMs = clock.now();
    return {
      ...row,
      state: transition(row.state as ExecutionState, "running"),
      attempt: row.attempt + 1,
      startedAtMs: row.startedAtMs ?? live.attemptStartedAtMs,
      worker: place === true ? null : place.identityText,
    };
  };

  const runNow = (live: LiveExecution, place: Place): Promise<void> => {
    publish("execution.started", brief(live));
    const { row, target } = live;
    // Attempts write into one log, one after another.
    const before = row.outputBytes;
    const job = {
      executionId: row.id,
      attempt: row.attempt,
      cwd: row.cwd,
      timeoutMs: row.timeoutMs,
      logFile: live.logFile,
      logLimitBytes: settings.outputMaxBytes,
      onOutput: (piece: Parameters<LiveExecution["output"]["push"]>[0]) => {
        live.output.push(before === 0 ? piece : { ...piece, offset: piece.offset + before });
        notify(live);
      },
      onProgress: (done: number, total: number | null, text: string) => {
        live.progress = { done, total, text };
        publish("execution.progress", { executionId: row.id, owner: row.owner, ...live.progress });
        notify(live);
      },
    };
    const identity = { GANTRY_EXECUTION_ID: row.id };
    if (place !== true && target?.kind === "function") {
      const { file } = target;
      const env = { ...live.env, ...identity };
      live.running = runFunction(place, { ...job, env, file, command: row.command, input: live.input }, () => free(live, place));
    } else if (target?.kind === "program") {
      const env = { ...programEnvironment, ...target.env, ...live.env, ...identity };
      live.running = programs.run({ ...job, env, argv: target.argv, live: live.hasOutput });
      void live.running.outcome.then(() => free(live, place));
    } else throw new Error(`${row.command} has no target of its kind`);
    if (live.cancelRequested) live.running.stop("cancelled");
    notify(live);
    return live.running.outcome.then((outcome) => ended(live, withoutSecrets(outcome, live.secrets)));
  };

  /** Of one that an earlier daemon accepted. */
  const findTarget = async (live: LiveExecution) => {
    const command = await findCommand(live.command);
    limits.limitCommand(command.name, command.policy.maxConcurrent);
    onLimitKnown();
    live.secrets = command.conceal(live.input)?.secrets ?? live.secrets;
    return command.target(live.input);
  };

  const startNow = async (live: LiveExecution, place: Place) => {
    try {
      live.target ??= await findTarget(live);
    } catch (error) {
      free(live, place);
      await cannotStart(live, { name: "CannotStart", message: (error as Error).message });
      return;
    }
    const row = begun(live, place);
    try {
      await store.begin(row, live.attemptStartedAtMs);
    } catch (error) {
      logger.error({ err: error, executionId: row.id }, "a start could not be stored; trying again");
      await new Promise((resolve) => setTimeout(resolve, storeRetryMs));
      free(live, place);
      putBack(live);
      return;
    }
    live.row = row;
    await runNow(live, place);
  };

  return {
    underWay,
    begun,
    run: (live, place) => track(live, runNow(live, place)),
    start: (live, place) => track(live, startNow(live, place)),
    adopt(live) {
      live.running = programs.adopt({ childId: childIdOf(live.row), onOutput: () => undefined });
      const over = live.running.outcome.then((outcome) => {
        free(live, true);
        return ended(live, outcome);
      });
      track(live, over);
    },
  };
}
