/** The rules of executions: accept durably, start in order, tell the outcome truly, stop on request. The parts are joined here. */
import {
  defaultQueue,
  type ExecuteInput,
  type executionEvents,
  type ExecutionState,
  GantryError,
  type queueEvents,
} from "@gantry/contract";
import { SlotMap } from "@gantry/contract/slot-map";

import { type Caller, mayTouch } from "../core/caller.ts";
import type { Clock } from "../core/clock.ts";
import type { Publish } from "../core/event-bus.ts";
import { newId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { type CheckedRequest, createAcceptance } from "./acceptance.ts";
import { requestAgain } from "./again.ts";
import type { AtRest } from "./at-rest.ts";
import { createAttempts } from "./attempts.ts";
import type { Answers } from "./cache/answers.ts";
import type { Answer } from "./cache/result-cache.ts";
import { createConclusion } from "./conclusion.ts";
import { drain, type DrainOptions } from "./draining.ts";
import { cancelledWaiting, expiredWaiting } from "./endings.ts";
import { createLimits, type QueueLimits } from "./limits.ts";
import type { ListedRow, ListFilter } from "./listing/store.ts";
import { changeQueue, type LiveExecution, notify } from "./live-execution.ts";
import { createPlaces, type Places } from "./places.ts";
import { childIdOf, type ProgramEngine } from "./program-engine.ts";
import { createQueues, type Queues } from "./queues.ts";
import { createRepeatedRequests } from "./repeated-requests.ts";
import type { FindCommand } from "./runnable-command.ts";
import { createSettling } from "./settling.ts";
import { type AttemptOutcome, transition } from "./state.ts";
import type { AttemptRow, ExecutionRow, ExecutionStore } from "./store.ts";
import { createTimetable } from "./timetable.ts";
import type { WorkerPool } from "./worker-pool.ts";

export interface ExecutionsServiceOptions {
  store: ExecutionStore;
  findCommand: FindCommand;
  atRest: AtRest;
  answers: Answers;
  pool: Pick<WorkerPool, "lease" | "release">;
  programs: ProgramEngine;
  /** What every program inherits. */
  programEnvironment: Readonly<Record<string, string>>;
  outputsDirectory: string;
  /** Of the whole instance: what may run, what may wait, and what is kept of each output. May change at any time. */
  settings: Readonly<Record<"maxConcurrent" | "maxQueued" | "outputMaxBytes", number>>;
  /** By name; `default` is one of them. May change at any time; then call `queuesChanged`. */
  queues: ReadonlyMap<string, QueueLimits>;
  /** When each was paused, by name. */
  pausedQueues: ReadonlyMap<string, number>;
  publish: Publish<typeof executionEvents & typeof queueEvents>;
  clock: Clock;
  logger: Logger;
}

export interface ExecutionsService {
  /** Throws what `submit` would throw about the request itself. */
  check(request: ExecuteInput, caller: Caller): Promise<void>;
  /** The input without its secrets; undefined when nothing of it is secret. Nothing is shown of one that cannot be checked. */
  conceal(request: Pick<ExecuteInput, "command" | "input" | "argv">): Promise<Record<string, unknown> | undefined>;
  /** Resolves when it is durable. `watched`: its output is wanted while it runs. `id`: chosen before, by whoever must find it again. */
  submit(request: ExecuteInput, caller: Caller, watched: boolean, id?: string): Promise<LiveExecution>;
  /** Like `submit`, but a command with a cache may be answered by a kept result, or by an execution that another request has begun. */
  answer(request: ExecuteInput, caller: Caller, watched: boolean): Promise<Answer<LiveExecution>>;
  clearCache: Answers["clear"];
  cacheStatus: Answers["status"];
  /** Undefined when it has ended (or never was). */
  live(id: string): LiveExecution | undefined;
  /** Throws notFound, also for what the caller may not see. */
  get(id: string, caller: Caller): Promise<ExecutionRow>;
  /** The one that runs now included. */
  attempts(row: ExecutionRow): Promise<AttemptRow[]>;
  list(filter: ListFilter): Promise<ListedRow[]>;
  /** Resolves to the row when it has ended, of whatever cause. */
  cancel(id: string, caller: Caller): Promise<ExecutionRow>;
  /** Runs an ended one again; resolves when the new one is durable. Throws conflict, and what submitting throws. */
  retry(id: string, caller: Caller): Promise<LiveExecution>;
  /** Takes up what an earlier daemon left; see recovery.ts. */
  resume(live: LiveExecution): void;
  adopt(live: LiveExecution): void;
  settle(live: LiveExecution, outcome: AttemptOutcome): Promise<void>;
  /** A worker has become free, or more is allowed than before. */
  pump(): void;
  /** As its definition says now. */
  limitCommand(name: string, maxConcurrent: number | undefined): void;
  /** What waits in a queue that exists no more waits in the default one; tells of how many, by the queue that is gone. */
  queuesChanged(): Map<string, number>;
  workerAwaitedMs: Places["workerAwaitedMs"];
  readonly queues: Queues;
  counts(): Promise<{ queued: number; scheduled: number; running: number; total: number; pausedQueues: string[] }>;
  /** Refuses new work and waits for what runs; then, or when hastened, interrupts functions and, unless they are to be kept, programs. */
  close(options: DrainOptions): Promise<void>;
}

export function createExecutionsService(options: ExecutionsServiceOptions): ExecutionsService {
  const { store, findCommand, atRest, answers, pool, programs, programEnvironment, outputsDirectory, publish, clock, logger } = options;
  const lives = new SlotMap<string, LiveExecution>();
  let closing = false;

  const bytesSoFar = async ({ hasOutput, output, row, running }: LiveExecution) => {
    if (hasOutput) return output.endOffset;
    if (running === undefined) return row.outputBytes;
    return row.outputBytes + ((await programs.outputBytes()).get(childIdOf(row)) ?? 0);
  };

  const limits = createLimits(options.queues);
  for (const [name, atMs] of options.pausedQueues) limits.setPaused(name, atMs);
  const places = createPlaces({
    pool,
    limits,
    settings: options.settings,
    clock,
    start(live, place) {
      timetable.unwatch(live);
      attempts.start(live, place);
    },
  });
  const timetable = createTimetable({
    clock,
    due(live) {
      live.row = { ...live.row, state: transition(live.row.state as ExecutionState, "queued") };
      // Only for those who look: a daemon that finds it as it was finds it due.
      store.requeue(live.id).catch((error: unknown) => logger.warn({ err: error, executionId: live.id }, "a due time could not be stored"));
      notify(live);
      places.push(live);
    },
    expired(live) {
      if (places.remove(live) || timetable.remove(live)) void conclusion.concludeWaiting(live, "expired", expiredWaiting);
    },
  });
  const queues = createQueues({ queues: options.queues, limits, places, timetable, store, publish, clock });
  const conclusion = createConclusion({
    store,
    programs,
    bytesSoFar,
    onEnded(live) {
      timetable.unwatch(live);
      lives.delete(live.id);
    },
    publish,
    clock,
    logger,
  });
  const { concludeWaiting } = conclusion;
  const settling = createSettling({ store, programs, conclusion, bytesSoFar, wait: (live) => wait(live), publish, clock, logger });
  const attempts = createAttempts({
    store,
    findCommand,
    limits,
    programs,
    programEnvironment,
    settings: options.settings,
    free: (live, place) => places.free(live, place),
    putBack(live) {
      if (live.cancelRequested) void concludeWaiting(live, "cancelled", cancelledWaiting);
      else wait(live);
    },
    cannotStart: (live, error) => concludeWaiting(live, "failed", error),
    onLimitKnown: () => places.pump(),
    ended: (live, outcome) => settling.settle(live, outcome),
    publish,
    clock,
    logger,
  });
  const acceptance = createAcceptance({
    store,
    findCommand,
    atRest,
    places,
    limits,
    queues: options.queues,
    attempts,
    lives,
    timetable,
    settings: options.settings,
    outputsDirectory,
    wait: (live) => wait(live),
    cancelled: (live) => concludeWaiting(live, "cancelled", cancelledWaiting),
    publish,
    clock,
  });
  const repeated = createRepeatedRequests({ store, atRest, live: (id) => lives.get(id), outputsDirectory });

  const begin = (checked: CheckedRequest, watched: boolean, id = newId("exe")) =>
    repeated.once(checked.caller.keyId, checked.request, checked.input, () => acceptance.enqueue(checked, id, watched));

  const wait = (live: LiveExecution) => {
    if (closing) return;
    // Taken out of the configuration while it ran.
    if (!options.queues.has(live.queue)) changeQueue(live, defaultQueue);
    timetable.watch(live);
    if (live.row.state === "scheduled") timetable.hold(live);
    else places.push(live);
  };

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
      await acceptance.checkFolder(await acceptance.check(request, caller));
    },
    async conceal({ command: name, input, argv }) {
      try {
        const command = await findCommand(name);
        // A copy: checking fills in defaults.
        return command.conceal(command.checkInput({ input: structuredClone(input), argv }))?.shown;
      } catch {
        return Object.fromEntries(Object.keys(input ?? {}).map((field) => [field, "[secret]"]));
      }
    },
    async submit(request, caller, watched, id) {
      return begin(await acceptance.check(request, caller), watched, id);
    },
    async answer(request, caller, watched) {
      const checked = await acceptance.check(request, caller);
      // Watched in any case, for those who may join it.
      return answers.answer(checked, () => begin(checked, watched || checked.command.cache !== undefined));
    },
    clearCache: (command) => answers.clear(command),
    cacheStatus: () => answers.status(),
    get,
    resume(live) {
      lives.set(live.id, live);
      wait(live);
    },
    settle(live, outcome) {
      lives.set(live.id, live);
      return settling.settle(live, outcome);
    },
    pump: () => places.pump(),
    limitCommand: limits.limitCommand,
    queuesChanged() {
      const moved = new Map<string, number>();
      const isHomeless = ({ queue }: LiveExecution) => !options.queues.has(queue);
      const note = ({ queue }: LiveExecution) => moved.set(queue, (moved.get(queue) ?? 0) + 1);
      for (const live of [...places.allWaiting()].filter(isHomeless)) {
        note(live);
        places.move(live, defaultQueue);
      }
      for (const live of [...timetable.held()].filter(isHomeless)) {
        note(live);
        timetable.remove(live);
        changeQueue(live, defaultQueue);
        timetable.hold(live);
      }
      return moved;
    },
    workerAwaitedMs: () => places.workerAwaitedMs(),
    queues,
    live: (id) => lives.get(id),
    async attempts(row) {
      const ended = (await store.attempts(row.id)).filter(({ attempt }) => row.state !== "running" || attempt < row.attempt);
      const { id: executionId, attempt, state, worker } = row;
      const startedAtMs = lives.get(row.id)?.attemptStartedAtMs ?? row.startedAtMs;
      if (state !== "running" && attempt === 1 && ended.length === 0 && startedAtMs !== null) {
        const { endedAtMs, exitCode, signal, error } = row;
        return [{ executionId, attempt, state, startedAtMs, worker, endedAtMs, exitCode, signal, error }];
      }
      if (state !== "running" || startedAtMs === null) return ended;
      return [...ended, { executionId, attempt, state, startedAtMs, worker, endedAtMs: null, exitCode: null, signal: null, error: null }];
    },
    async list(filter) {
      const rows = await store.list(filter);
      const running = rows.filter(({ state }) => state === "running");
      if (running.length === 0) return rows;
      // Asked for once for all programs that nobody watches.
      const ofChildren = running.some(({ kind }) => kind === "program") ? await programs.outputBytes() : undefined;
      const bytesOf = (row: ListedRow) => {
        const live = lives.get(row.id);
        if (live?.hasOutput === true) return live.output.endOffset;
        return row.outputBytes + (ofChildren?.get(childIdOf(row)) ?? 0);
      };
      return rows.map((row) => (row.state === "running" ? { ...row, outputBytes: bytesOf(row) } : row));
    },
    async retry(id, caller) {
      const row = await get(id, caller);
      const command = await findCommand(row.command);
      const request = requestAgain(row, command, caller, { atRest, hasQueue: (name) => options.queues.has(name) });
      const checked = await acceptance.check(request, caller);
      return acceptance.enqueue({ ...checked, retryOf: id }, newId("exe"), false);
    },
    async cancel(id, caller) {
      const row = await get(id, caller);
      const live = lives.get(id);
      if (live === undefined) return row;
      if (places.remove(live) || timetable.remove(live)) await concludeWaiting(live, "cancelled", cancelledWaiting);
      else {
        live.cancelRequested = true;
        live.running?.stop("cancelled");
        await live.ended;
      }
      return live.row;
    },
    adopt(live) {
      lives.set(live.id, live);
      places.adopt(live);
      attempts.adopt(live);
    },
    async counts() {
      return {
        queued: places.waiting,
        scheduled: timetable.waiting,
        running: places.running,
        total: await store.count(),
        pausedQueues: queues.paused,
      };
    },
    async close(drainOptions) {
      closing = true;
      acceptance.close();
      places.close();
      timetable.close();
      await drain(attempts.underWay, drainOptions);
      await answers.close();
      await store.flush();
    },
  };
}
