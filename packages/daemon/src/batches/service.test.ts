import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CreateBatchInput, GantryError } from "@gantry/contract";
import { afterEach, beforeEach, expect, test } from "vitest";

import { localCaller } from "../access/service.ts";
import { createLogger } from "../core/logger.ts";
import { createSealing } from "../core/sealing.ts";
import { type Database, openDatabase } from "../storage/database.ts";
import type { EndedRun, Runs } from "./runs.ts";
import { type BatchesService, createBatchesService } from "./service.ts";
import { createBatchStore } from "./store.ts";

const logger = createLogger({ level: "fatal" });
const never = () => new Promise<never>(() => undefined);

let folder: string;
let db: Database;
/** Executions as a durable store would have them: they survive the service. */
let executions: Map<string, PromiseWithResolvers<EndedRun>>;
let submissions: string[];
let service: BatchesService;

const runs: Runs = {
  check: async () => undefined,
  async submit(id) {
    submissions.push(id);
    if (!executions.has(id)) executions.set(id, Promise.withResolvers());
  },
  ended: (id) => executions.get(id)?.promise ?? never(),
  cancel: async (id) => finish(id, "cancelled"),
};

function finish(id: string, state: EndedRun["state"] = "succeeded") {
  executions.get(id)?.resolve({ state, endedAtMs: 2, error: null });
}

async function begin(overrides: Partial<Runs> = {}) {
  const clock = { now: () => 1, monotonic: () => 1 };
  service = createBatchesService({
    store: createBatchStore(db, createSealing(Buffer.alloc(32))),
    runs: { ...runs, ...overrides },
    publish: () => undefined,
    clock,
    logger,
  });
  await service.start();
}

/** Lets what was begun come to rest. */
const settle = async () => {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
async function restart(overrides: Partial<Runs> = {}) {
  await settle();
  await service.close();
  await begin(overrides);
  await settle();
}

async function create(items: { id: string; needs?: string[] }[], more: object = {}) {
  const input = CreateBatchInput.parse({ items: items.map((item) => ({ command: "c", ...item })), ...more });
  const { row } = await service.create(input, localCaller);
  await settle();
  return row.id;
}
const states = async (id: string) => {
  const items = await service.items(id, { after: undefined, states: undefined, limit: 100 });
  return items.map(({ itemId, state }) => `${itemId} ${state}`);
};
const idOf = async (id: string, position: number) =>
  (await service.items(id, { after: position - 1, states: undefined, limit: 1 }))[0]?.executionId as string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-batches-"));
  ({ db } = await openDatabase(join(folder, "gantry.db"), logger));
  executions = new Map();
  submissions = [];
  await begin();
});
afterEach(async () => {
  await service.close();
  await db.destroy();
  await rm(folder, { recursive: true });
});

test("a crash after the promise and before the execution: submitted again under the same id", async () => {
  await service.close();
  const promised: string[] = [];
  await begin({
    submit: (id) => {
      promised.push(id);
      return never();
    },
  });
  const id = await create([{ id: "a" }]);
  await restart();
  expect(submissions).toEqual(promised);
  finish(promised[0] as string);
  await settle();
  expect((await service.get(id, localCaller)).state).toBe("succeeded");
});

test("a crash after the end of an item and before its row says so: known by its execution, and the rest goes on", async () => {
  const id = await create([{ id: "a" }, { id: "b", needs: ["a"] }]);
  await service.close();
  finish(await idOf(id, 0));
  await begin();
  await settle();
  expect(await states(id)).toEqual(["a succeeded", "b running"]);
  expect(executions.size).toBe(2);
});

test("a cancel outlives a crash: nothing more begins, and what runs is stopped", async () => {
  const id = await create([{ id: "a" }, { id: "b" }], { concurrency: 1 });
  await service.close();
  await begin({ cancel: never });
  await settle();
  void service.cancel(id, localCaller);
  await restart();
  expect(await states(id)).toEqual(["a cancelled", "b skipped"]);
  expect((await service.get(id, localCaller)).state).toBe("cancelled");
});

test("an item that cannot be run is refused with the reason; what needs it is skipped", async () => {
  await service.close();
  await begin({ submit: () => Promise.reject(new GantryError("notFound", "There is no command c.")) });
  const id = await create([{ id: "a" }, { id: "b", needs: ["a"] }]);
  expect(await states(id)).toEqual(["a refused", "b skipped"]);
  expect((await service.failures(id, 10)).map(({ error }) => error)).toEqual([
    JSON.stringify({ name: "notFound", message: "There is no command c." }),
  ]);
});

test("what an item was to run is forgotten when it has ended, because it may hold secrets", async () => {
  const id = await create([{ id: "a" }]);
  finish(await idOf(id, 0));
  await settle();
  expect(await db.selectFrom("batchItems").select("request").execute()).toEqual([{ request: null }]);
});

test("nothing is stored of a batch that is refused", async () => {
  await expect(
    create([
      { id: "a", needs: ["b"] },
      { id: "b", needs: ["a"] },
    ]),
  ).rejects.toThrow("a → b → a");
  expect(await service.list({ state: undefined, before: undefined, limit: 10 }, localCaller)).toEqual([]);
});
