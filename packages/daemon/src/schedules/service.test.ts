import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CreateScheduleInput, GantryError, type OperationInput, type scheduleOperations } from "@gantry/contract";
import { afterEach, beforeEach, expect, test } from "vitest";

import { localCaller } from "../access/service.ts";
import { createLogger } from "../core/logger.ts";
import { createSealing } from "../core/sealing.ts";
import { type Database, openDatabase } from "../storage/database.ts";
import type { EndedRun, Runs } from "./runs.ts";
import { createSchedulesService, type SchedulesService } from "./service.ts";
import { createScheduleStore } from "./store.ts";

const minute = 60_000;
const day = 86_400_000;
const logger = createLogger({ level: "fatal" });

let folder: string;
let db: Database;
let nowMs: number;
/** Executions as a durable store would have them: they survive the service. */
let executions: Map<string, { ended: PromiseWithResolvers<EndedRun>; isOver: boolean }>;
let refuse: GantryError | undefined;
let service: SchedulesService;

const runs: Runs = {
  check: async () => undefined,
  async submit(id) {
    if (refuse !== undefined) throw refuse;
    if (!executions.has(id)) executions.set(id, { ended: Promise.withResolvers(), isOver: false });
  },
  conceal: async () => ({ input: null, argv: null }),
  exists: async (id) => executions.has(id),
  ended: (id) => executions.get(id)?.ended.promise ?? Promise.reject(new Error(`no ${id}`)),
  cancel: async (id) => finish(id, "cancelled"),
};

function finish(id: string, state: EndedRun["state"] = "succeeded") {
  const execution = executions.get(id);
  if (execution === undefined) throw new Error(`no ${id}`);
  execution.isOver = true;
  execution.ended.resolve({ state, endedAtMs: nowMs, error: null });
}

const running = () => [...executions].filter(([, { isOver }]) => !isOver).map(([id]) => id);

async function begin(overrides: Partial<Runs> = {}) {
  service = createSchedulesService({
    store: createScheduleStore(db, createSealing(Buffer.alloc(32)), () => undefined),
    runs: { ...runs, ...overrides },
    configured: {},
    publish: () => undefined,
    clock: { now: () => nowMs, monotonic: () => nowMs },
    logger,
  });
  await service.start();
}

/** As after a crash: nothing of the old one is asked to finish. */
async function restart() {
  await service.close();
  await begin();
}

const create = (input: Partial<OperationInput<typeof scheduleOperations.create>>) =>
  service.create(CreateScheduleInput.parse({ name: "s", command: "c", ...input }), localCaller);
const ticks = async () =>
  (await service.ticks("s", { beforeMs: undefined, limit: 1000 }, localCaller)).map(({ state, scheduledAtMs }) => ({
    state,
    at: scheduledAtMs,
  }));
const states = async () => (await ticks()).map(({ state }) => state).reverse();
/** Lets what was begun by a wake or an end come to rest. */
const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
async function advance(byMs: number) {
  nowMs += byMs;
  await service.wake();
  await settle();
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-schedules-"));
  ({ db } = await openDatabase(join(folder, "gantry.db"), logger));
  nowMs = Date.parse("2026-06-01T00:00:00Z");
  executions = new Map();
  refuse = undefined;
  await begin();
});
afterEach(async () => {
  await service.close();
  await db.destroy();
  await rm(folder, { recursive: true });
});

test("a tick runs once, and its end is known", async () => {
  await create({ everyMs: minute });
  await advance(minute);
  expect(await states()).toEqual(["running"]);
  finish(running()[0] as string);
  await settle();
  expect(await states()).toEqual(["succeeded"]);
  await service.wake();
  expect(executions.size).toBe(1);
});

test("restarts between, before, and after everything never fire a tick twice and lose none", async () => {
  await create({ everyMs: minute, overlap: "allow" });
  for (let count = 0; count < 5; count += 1) {
    await advance(minute);
    await restart();
    await restart();
  }
  expect(executions.size).toBe(5);
  expect(await states()).toEqual(Array.from({ length: 5 }, () => "running"));
});

test("a crash after the promise and before the execution: the next daemon submits under the same id", async () => {
  await create({ everyMs: minute });
  await service.close();
  const promised: string[] = [];
  await begin({
    submit: async (id) => {
      promised.push(id);
      await new Promise(() => undefined);
    },
  });
  await advance(minute);
  expect(promised).toHaveLength(1);
  await restart();
  await advance(0);
  expect([...executions.keys()]).toEqual(promised);
});

test("a crash after the execution and before the row says so: it is followed and not run again", async () => {
  await create({ everyMs: minute });
  await service.close();
  await begin({
    submit: async (id) => {
      await runs.submit(id, {} as never, "");
      await new Promise(() => undefined);
    },
  });
  await advance(minute);
  await restart();
  finish(running()[0] as string);
  await settle();
  expect(executions.size).toBe(1);
  expect(await states()).toEqual(["succeeded"]);
});

test("missed ticks: the latest inside the window is made up for, a longer absence makes up for nothing", async () => {
  await create({ everyMs: minute, overlap: "allow" });
  await service.close();
  nowMs += 4 * minute;
  await begin();
  await settle();
  expect(await states()).toEqual(["missed", "missed", "missed", "running"]);
  await service.update({ schedule: "s", everyMs: 60 * minute }, localCaller);
  await service.close();
  nowMs += 90 * minute;
  await begin();
  await settle();
  expect((await states()).slice(-1)).toEqual(["missed"]);
  expect(executions.size).toBe(1);
});

test("skip makes up for nothing, all(max) for the latest of them", async () => {
  await create({ everyMs: minute, misfire: "skip" });
  nowMs += 3 * minute + 30_000;
  await restart();
  expect(executions.size).toBe(0);
  await service.update({ schedule: "s", misfire: "all", misfireMax: 2, overlap: "allow" }, localCaller);
  nowMs += 4 * minute;
  await restart();
  await settle();
  expect(executions.size).toBe(2);
});

test("a clock set forward a day makes one run and not a storm; set back, nothing is run twice", async () => {
  await create({ everyMs: minute, overlap: "allow" });
  await advance(minute);
  await advance(day);
  expect(executions.size).toBe(2);
  await advance(-day);
  expect(executions.size).toBe(2);
  // Time that comes for the second time: the tick of the first minute is known; those that the jump left out are run now.
  await advance(minute);
  await advance(minute);
  expect(executions.size).toBe(4);
  const times = (await ticks()).map(({ at }) => at);
  expect(new Set(times).size).toBe(times.length);
});

test("overlap skip leaves out, queueOne holds one back, allow runs both, cancelPrevious ends the one before", async () => {
  await create({ everyMs: minute });
  await advance(minute);
  await advance(minute);
  expect(await states()).toEqual(["running", "skipped"]);
  finish(running()[0] as string);
  await settle();

  await service.update({ schedule: "s", overlap: "queueOne" }, localCaller);
  for (let count = 0; count < 3; count += 1) await advance(minute);
  expect((await states()).slice(2)).toEqual(["running", "waiting", "skipped"]);
  finish(running()[0] as string);
  await settle();
  expect((await states()).slice(2)).toEqual(["succeeded", "running", "skipped"]);

  await service.update({ schedule: "s", overlap: "allow" }, localCaller);
  await advance(minute);
  expect(running()).toHaveLength(2);

  await service.update({ schedule: "s", overlap: "cancelPrevious" }, localCaller);
  await advance(minute);
  expect(running()).toHaveLength(1);
  expect((await states()).slice(3)).toEqual(["cancelled", "skipped", "cancelled", "running"]);
});

test("jitter delays a tick by the same time in every life of the daemon", async () => {
  await create({ everyMs: 10 * minute, jitterMs: 5 * minute });
  const [next] = service.next("s", 1, localCaller);
  expect(next?.startsAtMs).toBeGreaterThan(next?.atMs as number);
  await advance(10 * minute);
  expect(await states()).toEqual(["waiting"]);
  await restart();
  expect(executions.size).toBe(0);
  nowMs = next?.startsAtMs as number;
  await advance(0);
  expect(executions.size).toBe(1);
});

test("a pause is not made up for; a trigger runs all the same", async () => {
  await create({ everyMs: minute });
  await service.setPaused("s", true, localCaller);
  await advance(3 * minute);
  expect(executions.size).toBe(0);
  await service.trigger("s", localCaller);
  expect(executions.size).toBe(1);
  await service.setPaused("s", false, localCaller);
  await advance(0);
  expect(executions.size).toBe(1);
});

test("once: it ticks, is finished, and never comes again", async () => {
  await create({ at: "2026-06-01T00:05:00.000Z" });
  await advance(5 * minute);
  await restart();
  await advance(day);
  expect(executions.size).toBe(1);
  expect(service.get("s", localCaller).nextMs).toBeUndefined();
});

test("a full queue is tried again until the tick is too old; a wrong command is refused at once", async () => {
  await create({ everyMs: 10 * minute });
  refuse = new GantryError("resourceExhausted", "full");
  await advance(10 * minute);
  expect(await states()).toEqual(["starting"]);
  refuse = undefined;
  await advance(2000);
  expect(await states()).toEqual(["running"]);
  finish(running()[0] as string);
  refuse = new GantryError("notFound", "There is no command c.");
  await advance(10 * minute);
  expect((await states()).at(-1)).toBe("refused");
});

test("nothing is made of bad input", async () => {
  await expect(create({ everyMs: minute, cron: "* * * * *" })).rejects.toThrow("cron and everyMs were given");
  await expect(create({ at: "2020-01-01T00:00:00.000Z" })).rejects.toThrow("at: 2020-01-01T00:00:00.000Z has passed");
  await create({ everyMs: minute });
  await expect(create({ everyMs: minute })).rejects.toThrow("there is a schedule s already");
  expect(() => service.get("t", localCaller)).toThrow("There is no schedule t");
  expect(service.list(localCaller)).toHaveLength(1);
});
