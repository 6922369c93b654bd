/** The rules of executions: accept durably, start in order, tell the outcome truly, stop on request. */
import { type ExecuteInput, type ExecutionError, type ExecutionState, type executionEvents, GantryError } from "@gantry/contract";

import type { Caller } from "../core/caller.ts";
import { mayTouch, requirePermission } from "../core/caller.ts";
import type { Clock } from "../core/clock.ts";
import type { Publish } from "../core/event-bus.ts";
import { newId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { runFunction } from "./function-engine.ts";
import { cancelledWaiting, defaultMessages, queueFull } from "./endings.ts";
import { createLiveExecution, type LiveExecution, notify, type Target } from "./live-execution.ts";
import type { ProgramEngine } from "./program-engine.ts";
import { createReadyQueue } from "./ready-queue.ts";
import { createRepeatedRequests } from "./repeated-requests.ts";
import { type AttemptOutcome, stateAfter, transition } from "./state.ts";
import type { AttemptRow, ExecutionRow, ExecutionStore, ListFilter } from "./store.ts";
import type { WorkerPool } from "./worker-pool.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** What this room must know of a command. */
export interface RunnableCommand {
  name: string;
  kind: "function" | "program";
  timeoutMs: number;
  /** Where it runs unless the caller says otherwise. */
  cwd: string;
  /** Throws invalidArgument. */
  checkInput(given: { input?: Record<string, unknown> | undefined; argv?: readonly string[] | undefined }): Record<string, unknown>;
  target(input: Record<string, unknown>): Target;
}

export interface ExecutionsServiceOptions {
  store: ExecutionStore;
  /** Throws notFound. */
  findCommand(name: string): Promise<RunnableCommand>;
  pool: Pick<WorkerPool, "lease" | "release">;
  programs: ProgramEngine;
  /** What every program inherits. */
  programEnvironment: Readonly<Record<string, string>>;
  outputsDirectory: string;
  maxConcurrent: number;
  /** How many may wait. */
  maxQueued: number;
  publish: Publish<typeof executionEvents>;
  clock: Clock;
  logger: Logger;
}

export interface ExecutionsService {
  /** Throws what `submit` would throw about the request itself. */
  check(request: ExecuteInput, caller: Caller): Promise<void>;
  /** Resolves when it is durable. `watched`: its output is wanted while it runs. `id`: chosen before, by whoever must find it again. */
  submit(request: ExecuteInput, caller: Caller, watched: boolean, id?: string): Promise<LiveExecution>;
  /** Undefined when it has ended (or never was). */
  live(id: string): LiveExecution | undefined;
  /** Throws notFound, also for what the caller may not see. */
  get(id: string, caller: Caller): Promise<ExecutionRow>;
  /** The one that runs now included. */
  attempts(row: ExecutionRow): Promise<AttemptRow[]>;
  list(filter: ListFilter): Promise<ExecutionRow[]>;
  /** Resolves to the row when it has ended, of whatever cause. */
  cancel(id: string, caller: Caller): Promise<ExecutionRow>;
  /** Takes up what an earlier daemon left; see recovery.ts. */
  resume(live: LiveExecution): void;
  adopt(live: LiveExecution): void;
  /** A worker has become free. */
  pump(): void;
  /** Of the next one in a lane. */
  longestWaitMs(kind: RunnableCommand["kind"]): number | undefined;
  counts(): Promise<{ queued: number; running: number; total: number }>;
  /** Refuses new work and waits for what runs; then, or when hastened, interrupts functions and, unless they are to be kept, programs. */
  close(options: { drainTimeoutMs: number; keepPrograms: boolean; hasten: AbortSignal }): Promise<void>;
}

/** When a result cannot be stored (disk full), until it can. */
const storeRetryMs = 1000;

export function createExecutionsService(options: ExecutionsServiceOptions): ExecutionsService {
  const { store, findCommand, pool, programs, programEnvironment, outputsDirectory, maxConcurrent, maxQueued, publish, clock, logger } =
    options;
  const lives = new Map<string, LiveExecution>();
  const queue = createReadyQueue<LiveExecution>();
  /** Holds a place of maxConcurrent: from before the row says running until the process is gone. */
  const active = new Set<LiveExecution>();
  /** Being stored, and in the queue next. */
  let entering = 0;
  let total: number | undefined;
  let draining = false;
  let closing = false;

  const brief = ({ row }: LiveExecution) => ({
    executionId: row.id,
    command: row.command,
    kind: row.kind as RunnableCommand["kind"],
    state: row.state as ExecutionState,
    owner: row.owner,
    attempt: row.attempt,
  });

  /** A place to run it now: true, or the worker for a function; undefined when it has to wait. */
  const takeSlot = (live: LiveExecution): WorkerProcess | true | undefined => {
    if (closing || active.size >= maxConcurrent) return undefined;
    const slot = live.lane === "program" ? true : pool.lease();
    if (slot !== undefined) active.add(live);
    return slot;
  };
  const freeSlot = (live: LiveExecution, slot: WorkerProcess | true) => {
    active.delete(live);
    if (slot !== true) pool.release(slot);
    pump();
  };

  const begun = (row: ExecutionRow, slot: WorkerProcess | true): ExecutionRow => ({
    ...row,
    state: transition(row.state as ExecutionState, "running"),
    attempt: row.attempt + 1,
    startedAtMs: clock.now(),
    worker: slot === true ? null : slot.identityText,
  });

  /** The row says running and is durable; now it may have effects. */
  const run = (live: LiveExecution, slot: WorkerProcess | true) => {
    publish("execution.started", brief(live));
    const { row, target } = live;
    const job = {
      executionId: row.id,
      attempt: row.attempt,
      cwd: row.cwd,
      timeoutMs: row.timeoutMs,
      logFile: live.logFile,
      onOutput: (piece: Parameters<LiveExecution["output"]["push"]>[0]) => {
        live.output.push(piece);
        notify(live);
      },
      onProgress: (done: number, progressTotal: number | null, text: string) => {
        live.progress = { done, total: progressTotal, text };
        publish("execution.progress", { executionId: row.id, owner: row.owner, ...live.progress });
        notify(live);
      },
    };
    const given = row.env === null ? {} : (JSON.parse(row.env) as Record<string, string>);
    const identity = { GANTRY_EXECUTION_ID: row.id };
    if (slot !== true && target?.kind === "function") {
      const { file } = target;
      const env = { ...given, ...identity };
      live.running = runFunction(slot, { ...job, env, file, command: row.command, input: live.input }, () => freeSlot(live, slot));
    } else if (target?.kind === "program") {
      const env = { ...programEnvironment, ...target.env, ...given, ...identity };
      live.running = programs.run({ ...job, env, argv: target.argv, live: live.hasOutput });
      void live.running.outcome.then(() => freeSlot(live, slot));
    } else throw new Error(`${row.command} has no target of its kind`);
    if (live.cancelRequested) live.running.stop("cancelled");
    notify(live);
    void live.running.outcome.then((outcome) => conclude(live, outcome));
  };

  const conclude = async (live: LiveExecution, outcome: AttemptOutcome) => {
    const { row } = live;
    const state = transition(row.state as ExecutionState, stateAfter(outcome));
    const ending = {
      state,
      // Not before its beginning, whatever the clock did meanwhile.
      endedAtMs: Math.max(clock.now(), row.startedAtMs ?? row.createdAtMs),
      result: outcome.result ?? null,
      error: state === "succeeded" ? null : (outcome.error ?? { name: state, message: defaultMessages[state] ?? state }),
      exitCode: outcome.exitCode,
      signal: outcome.signal,
      outputBytes: await bytesSoFar(live),
    };
    for (;;) {
      try {
        await store.end(row, ending);
        break;
      } catch (error) {
        logger.error({ err: error, executionId: row.id }, "an outcome could not be stored; trying again");
        await new Promise((resolve) => setTimeout(resolve, storeRetryMs));
      }
    }
    live.row = { ...row, ...ending, env: null, error: ending.error === null ? null : JSON.stringify(ending.error) };
    lives.delete(row.id);
    if (row.kind === "program") programs.forget(row.id);
    live.end();
    notify(live);
    const { endedAtMs, exitCode } = ending;
    const durationMs = row.startedAtMs === null ? null : endedAtMs - row.startedAtMs;
    publish("execution.ended", { ...brief(live), success: state === "succeeded", exitCode, durationMs });
  };

  /** Ends one that never ran. */
  const concludeWaiting = (live: LiveExecution, state: "cancelled" | "failed", error: ExecutionError) =>
    conclude(live, {
      endedBy: state === "cancelled" ? "cancelled" : "itself",
      exitCode: null,
      signal: null,
      error,
    });

  /** From the queue into a slot. */
  const start = async (live: LiveExecution, slot: WorkerProcess | true) => {
    try {
      live.target ??= (await findCommand(live.row.command)).target(live.input);
    } catch (error) {
      freeSlot(live, slot);
      await concludeWaiting(live, "failed", { name: "CannotStart", message: (error as Error).message });
      return;
    }
    const row = begun(live.row, slot);
    try {
      await store.begin(row);
    } catch (error) {
      logger.error({ err: error, executionId: row.id }, "a start could not be stored; trying again");
      setTimeout(() => {
        freeSlot(live, slot);
        if (!closing) resume(live);
      }, storeRetryMs);
      return;
    }
    live.row = row;
    run(live, slot);
  };

  const pump = () => {
    const blocked = new Set<string>();
    if (closing) return;
    while (active.size < maxConcurrent) {
      const live = queue.peek(blocked);
      if (live === undefined) return;
      const slot = takeSlot(live);
      if (slot === undefined) blocked.add(live.lane);
      else {
        queue.remove(live);
        void start(live, slot);
      }
    }
  };

  const resume = (live: LiveExecution) => {
    lives.set(live.id, live);
    queue.push(live);
    pump();
  };

  const accept = async (request: ExecuteInput, caller: Caller) => {
    if (draining) throw new GantryError("unavailable", "This instance is stopping and takes no new work. Nothing was run.");
    if (request.cwd !== undefined || request.env !== undefined)
      requirePermission(caller, "executions.runFree", "choose a folder or environment");
    const command = await findCommand(request.command);
    return { command, input: command.checkInput(request) };
  };

  const repeated = createRepeatedRequests({ store, live: (id) => lives.get(id), outputsDirectory });

  const submit: ExecutionsService["submit"] = async (request, caller, watched, id = newId("exe")) => {
    const { command, input } = await accept(request, caller);
    return repeated.once(caller.keyId, request, input, () => enqueue(request, caller, watched, id, command, input));
  };

  const enqueue = async (
    request: ExecuteInput,
    caller: Caller,
    watched: boolean,
    id: string,
    command: RunnableCommand,
    input: Record<string, unknown>,
  ): Promise<LiveExecution> => {
    const target = command.target(input);
    const row: ExecutionRow = {
      id,
      command: command.name,
      kind: command.kind,
      state: "queued",
      owner: caller.keyId,
      priority: request.priority,
      tags: JSON.stringify(request.tags),
      input: JSON.stringify(input),
      cwd: request.cwd ?? command.cwd,
      env: request.env === undefined ? null : JSON.stringify(request.env),
      timeoutMs: request.timeoutMs ?? command.timeoutMs,
      attempt: 0,
      createdAtMs: clock.now(),
      startedAtMs: null,
      endedAtMs: null,
      result: null,
      error: null,
      exitCode: null,
      signal: null,
      outputBytes: 0,
      worker: null,
      idempotencyKey: request.idempotencyKey ?? null,
    };
    const hasOutput = command.kind === "function" || watched;
    const live = createLiveExecution({ row, input, target, outputsDirectory, hasOutput });
    const slot = queue.first(live.lane) !== undefined ? undefined : takeSlot(live);
    if (slot !== undefined) live.row = begun(row, slot);
    else if (queue.size + entering >= maxQueued) throw queueFull(maxQueued);
    else entering += 1;
    lives.set(row.id, live);
    try {
      await store.insert(live.row);
    } catch (cause) {
      lives.delete(row.id);
      if (slot !== undefined) freeSlot(live, slot);
      throw new GantryError("unavailable", `The execution could not be stored (${(cause as Error).message}). Nothing was run.`, { cause });
    } finally {
      if (slot === undefined) entering -= 1;
    }
    if (total !== undefined) total += 1;
    publish("execution.accepted", brief(live));
    if (slot !== undefined) run(live, slot);
    else if (live.cancelRequested) await concludeWaiting(live, "cancelled", cancelledWaiting);
    else {
      queue.push(live);
      pump();
    }
    return live;
  };

  const bytesSoFar = async (live: LiveExecution) => (live.hasOutput ? live.output.endOffset : programs.outputBytes(live.id));

  const get = async (id: string, caller: Caller): Promise<ExecutionRow> => {
    const live = lives.get(id);
    const row = live === undefined ? await store.get(id) : { ...live.row, outputBytes: await bytesSoFar(live) };
    if (row === undefined || !mayTouch(caller, row.owner)) {
      throw new GantryError("notFound", `There is no execution ${id}. See the latest with: gantry history.`);
    }
    return row;
  };

  return {
    async check(request, caller) {
      await accept(request, caller);
    },
    submit,
    get,
    resume,
    pump,
    longestWaitMs(kind) {
      const next = queue.first(kind);
      return next === undefined ? undefined : Math.max(0, clock.now() - next.row.createdAtMs);
    },
    live: (id) => lives.get(id),
    async attempts(row) {
      const ended = (await store.attempts(row.id)).filter(({ attempt }) => row.state !== "running" || attempt < row.attempt);
      const { id: executionId, attempt, state, startedAtMs, worker } = row;
      if (state !== "running" || startedAtMs === null) return ended;
      return [...ended, { executionId, attempt, state, startedAtMs, worker, endedAtMs: null, exitCode: null, signal: null, error: null }];
    },
    list: (filter) => store.list(filter),
    async cancel(id, caller) {
      const row = await get(id, caller);
      const live = lives.get(id);
      if (live === undefined) return row;
      if (queue.remove(live)) await concludeWaiting(live, "cancelled", cancelledWaiting);
      else {
        live.cancelRequested = true;
        live.running?.stop("cancelled");
        await live.ended;
      }
      return live.row;
    },
    adopt(live) {
      lives.set(live.id, live);
      active.add(live);
      live.running = programs.adopt({ executionId: live.id, onOutput: () => undefined });
      void live.running.outcome.then((outcome) => {
        freeSlot(live, true);
        return conclude(live, outcome);
      });
    },
    async counts() {
      // Counted once and kept: counting a million rows for every status would cost more than the status.
      total ??= await store.count();
      return { queued: queue.size, running: active.size, total };
    },
    async close({ drainTimeoutMs, keepPrograms, hasten }) {
      draining = true;
      closing = true;
      const waited = () => [...active].filter(({ lane }) => lane === "function" || !keepPrograms).map(({ ended }) => ended);
      const timer = Promise.withResolvers<void>();
      const timeout = setTimeout(timer.resolve, drainTimeoutMs);
      hasten.addEventListener("abort", () => timer.resolve(), { once: true });
      if (hasten.aborted) timer.resolve();
      await Promise.race([Promise.all(waited()), timer.promise]);
      clearTimeout(timeout);
      for (const live of active) if (live.lane === "function" || !keepPrograms) live.running?.stop("interrupted");
      await Promise.all(waited());
      await store.flush();
    },
  };
}
