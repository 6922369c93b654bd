import { type CommandPolicy, ExecuteInput, type ExecutionState } from "@gantry/contract";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { localCaller } from "../access/service.ts";
import { createLogger } from "../core/logger.ts";
import type { AttemptJob, RunningAttempt } from "./engine.ts";
import { maxInterruptions, parsePolicy } from "./repeat.ts";
import { createExecutionsService } from "./service.ts";
import { type AttemptOutcome, isFinal, transition } from "./state.ts";
import type { AttemptRow, ExecutionRow, ExecutionStore } from "./store.ts";

const maxConcurrent = 3;
const queues = new Map([
  ["default", {}],
  ["slow", { maxConcurrent: 1 }],
]);
const policies: Record<string, Partial<CommandPolicy>> = {
  plain: {},
  single: { maxConcurrent: 1, retries: 2, retryDelayMs: 50, retryMaxDelayMs: 80 },
  repeated: { queue: "slow", retries: 1, retryDelayMs: 0, idempotent: true },
};

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A service whose programs end when the test says so, over a store that refuses any illegal change of a row. */
function createWorld() {
  const rows = new Map<string, ExecutionRow>();
  const attempts = new Map<string, AttemptRow[]>();
  const running = new Map<string, { row: ExecutionRow; end(outcome: AttemptOutcome): void }>();
  const wrong: string[] = [];
  const told = new Map<string, string[]>();

  const change = (id: string, changes: Partial<ExecutionRow>) => {
    const row = rows.get(id) as ExecutionRow;
    if (changes.state !== undefined) transition(row.state as ExecutionState, changes.state as ExecutionState);
    rows.set(id, { ...row, ...changes });
  };
  const putAttempt = (row: AttemptRow) => {
    const others = (attempts.get(row.executionId) ?? []).filter(({ attempt }) => attempt !== row.attempt);
    attempts.set(row.executionId, [...others, row]);
  };
  const attemptOf = ({ id: executionId, attempt, worker }: ExecutionRow) => ({ executionId, attempt, worker });
  const store: Partial<ExecutionStore> = {
    insert: async (row) => void rows.set(row.id, row),
    begin: async (row) => change(row.id, { state: "running", attempt: row.attempt, startedAtMs: row.startedAtMs }),
    async retry(row, ended) {
      change(row.id, { state: row.state, dueAtMs: row.dueAtMs });
      putAttempt(ended);
    },
    requeue: async (id) => change(id, { state: "queued" }),
    async end(row, { state, endedAtMs, exitCode, signal, attemptStartedAtMs: startedAtMs }) {
      change(row.id, { state, endedAtMs });
      if (row.state === "running") putAttempt({ ...attemptOf(row), state, startedAtMs, endedAtMs, exitCode, signal, error: null });
    },
    get: async (id) => rows.get(id),
    setPaused: async () => undefined,
    count: async () => rows.size,
    flush: async () => undefined,
  };

  const waiting = () => [...rows.values()].filter(({ state }) => state === "queued");
  const runningIn = (queue: string) => [...running.values()].filter(({ row }) => row.queue === queue).length;
  const runningOf = (command: string) => [...running.values()].filter(({ row }) => row.command === command).length;
  const blocked = ({ queue, command }: ExecutionRow) =>
    service.queues.paused.includes(queue) ||
    (queue === "slow" && runningIn("slow") >= 1) ||
    (command === "single" && runningOf("single") >= 1);

  const run = ({ executionId, attempt }: AttemptJob): RunningAttempt => {
    const row = rows.get(executionId) as ExecutionRow;
    if (row.state !== "running" || row.attempt !== attempt) wrong.push(`${executionId} runs before its row says so`);
    if (running.size >= maxConcurrent || blocked(row)) wrong.push(`${row.command} of ${row.queue} began against a limit`);
    const overtaken = waiting().filter(({ queue, command }) => queue === row.queue && command === row.command);
    if (overtaken.some(({ priority, id }) => priority > row.priority || (priority === row.priority && id < row.id)))
      wrong.push(`${executionId} overtook another`);
    const { promise: outcome, resolve } = Promise.withResolvers<AttemptOutcome>();
    const end = (how: AttemptOutcome) => {
      running.delete(executionId);
      resolve(how);
    };
    running.set(executionId, { row, end });
    return { outcome, stop: (endedBy) => end({ endedBy, exitCode: null, signal: "SIGTERM" }), flushed: async () => undefined };
  };

  const service = createExecutionsService({
    store: store as ExecutionStore,
    findCommand: async (name) => ({
      name,
      kind: "program",
      timeoutMs: 1000,
      policy: { queue: "default", retries: 0, retryDelayMs: 0, retryMaxDelayMs: 0, idempotent: false, ...policies[name] },
      cwd: "/",
      cache: undefined,
      checkInput: () => ({}),
      conceal: () => undefined,
      target: () => ({ kind: "program", argv: [name], env: {} }),
    }),
    atRest: {
      put: () => ({ input: "{}", sealedInput: null, inputDigest: null, env: null }),
      take: () => ({ input: {}, env: {} }),
      isInput: () => true,
    },
    answers: { close: async () => undefined } as never,
    pool: { lease: () => undefined, release: () => undefined },
    programs: { run, outputBytes: async () => new Map<string, number>(), forget: () => undefined } as never,
    programEnvironment: {},
    outputsDirectory: "/nowhere",
    settings: { outputMaxBytes: 1_048_576, maxConcurrent, maxQueued: 100 },
    queues,
    pausedQueues: new Map(),
    publish: (type, data) => {
      const { executionId } = data as { executionId?: string };
      if (executionId !== undefined) told.set(executionId, [...(told.get(executionId) ?? []), type]);
    },
    clock: { now: () => Date.now(), monotonic: () => Date.now() },
    logger: createLogger({ level: "fatal" }),
  });

  /** Whatever could begin has begun. */
  const checkRest = () => {
    for (const row of waiting()) if (running.size < maxConcurrent && !blocked(row)) wrong.push(`${row.command} waits for nothing`);
  };
  return { service, rows, attempts, running, wrong, told, checkRest };
}

const outcomes: AttemptOutcome[] = [
  { endedBy: "itself", exitCode: 0, signal: null },
  { endedBy: "itself", exitCode: 1, signal: null },
  { endedBy: "timedOut", exitCode: null, signal: "SIGKILL" },
  { endedBy: "interrupted", exitCode: null, signal: null },
];
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("submit" as const),
      command: fc.constantFrom(...Object.keys(policies)),
      priority: fc.integer({ min: -1, max: 1 }),
      delayMs: fc.constantFrom(0, 0, 30),
      expiresInMs: fc.constantFrom(undefined, undefined, 20, 60),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("finish" as const), at: fc.nat(), how: fc.constantFrom(...outcomes) }) },
  fc.record({ do: fc.constant("cancel" as const), at: fc.nat() }),
  fc.record({ do: fc.constant("pause" as const), queue: fc.constantFrom(...queues.keys()), on: fc.boolean() }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 25, 100) }) },
);

test("whatever is asked and happens, order and limits hold, and everything comes to exactly one end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 50 }), async (steps) => {
      const world = createWorld();
      const { service, rows, running, wrong } = world;
      const ids: string[] = [];
      const pick = <Item>(items: Item[], at: number) => items[at % Math.max(1, items.length)];
      for (const taken of steps) {
        if (taken.do === "submit") {
          const { do: _, ...request } = taken;
          ids.push((await service.submit(ExecuteInput.parse({ ...request, wait: false }), localCaller, false)).id);
        } else if (taken.do === "finish") pick([...running.values()], taken.at)?.end(taken.how);
        else if (taken.do === "cancel") {
          const id = pick(ids, taken.at);
          const { state } = id === undefined ? { state: "cancelled" } : await service.cancel(id, localCaller);
          if (!isFinal(state as ExecutionState)) wrong.push(`${id} was ${state} after its cancel`);
        } else if (taken.do === "pause") await (taken.on ? service.queues.pause(taken.queue) : service.queues.resume(taken.queue));
        await vi.advanceTimersByTimeAsync(taken.do === "wait" ? taken.ms : 0);
        world.checkRest();
      }
      for (const name of queues.keys()) await service.queues.resume(name);
      for (let rounds = 0; rounds < 500 && [...rows.values()].some(({ endedAtMs }) => endedAtMs === null); rounds += 1) {
        for (const { end } of running.values()) end(outcomes[0] as AttemptOutcome);
        await vi.advanceTimersByTimeAsync(20);
      }
      expect(wrong).toEqual([]);
      expect(rows.size).toBe(ids.length);
      for (const row of rows.values()) {
        const events = world.told.get(row.id) as string[];
        const tries = world.attempts.get(row.id) ?? [];
        const { retries, idempotent } = parsePolicy(row.policy);
        expect([row.state, isFinal(row.state as ExecutionState), service.live(row.id)]).toEqual([row.state, true, undefined]);
        expect([events[0], events.at(-1), events.filter((event) => event === "execution.ended").length]).toEqual([
          "execution.accepted",
          "execution.ended",
          1,
        ]);
        expect(tries.map(({ attempt }) => attempt)).toEqual(tries.map((_, index) => index + 1));
        expect(tries.every(({ endedAtMs, startedAtMs }) => endedAtMs !== null && endedAtMs >= startedAtMs)).toBe(true);
        expect(events.filter((event) => event === "execution.started")).toHaveLength(tries.length);
        expect(tries.length).toBeLessThanOrEqual(1 + retries + (idempotent ? maxInterruptions : 0));
      }
      expect(await service.counts().then(({ queued, scheduled, running: active }) => [queued, scheduled, active])).toEqual([0, 0, 0]);
    }),
    { numRuns: 150 },
  );
});
