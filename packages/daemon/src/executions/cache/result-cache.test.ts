import fc from "fast-check";
import { expect, test } from "vitest";

import { createLogger } from "../../core/logger.ts";
import { createResultCache } from "./result-cache.ts";
import type { CachedResult, CacheStore, Snapshot } from "./store.ts";

const logger = createLogger({ level: "fatal" });

interface FakeRun {
  id: string;
  key: string;
  succeeds: boolean;
  ended: Promise<void>;
}

/** A store whose every answer may come late, in any order. */
function fakeStore(later: <Value>(value: () => Value) => Promise<Value>) {
  const rows = new Map<string, CachedResult>();
  const store: CacheStore = {
    get: (key) => later(() => rows.get(key)),
    put: (row) => later(() => void rows.set(row.key, row)),
    touch: () => later(() => undefined),
    dropExpired: (nowMs) => later(() => [...rows].forEach(([key, row]) => row.expiresAtMs <= nowMs && rows.delete(key))),
    makeRoom: (maxBytes) =>
      later(() => {
        const byUse = [...rows.values()].sort((one, other) => one.usedAtMs - other.usedAtMs);
        for (let bytes = byUse.reduce((sum, row) => sum + row.bytes, 0); bytes > maxBytes; bytes -= 1)
          rows.delete(byUse.shift()?.key as string);
      }),
    clear: () => later(() => rows.size),
    size: () => later(() => ({ entries: rows.size, bytes: rows.size })),
  };
  return { store, rows };
}

const requests = fc.array(
  fc.record({
    key: fc.constantFrom("a", "b"),
    mode: fc.constantFrom("use" as const, "use" as const, "refresh" as const),
    succeeds: fc.boolean(),
    beginFails: fc.nat(9).map((number) => number === 0),
  }),
  { maxLength: 14, minLength: 2 },
);

test("never two leaders of a key, all who follow get the leader's run, only successes are kept", async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), requests, async (scheduler, given) => {
      const later = <Value>(value: () => Value) => scheduler.schedule(Promise.resolve()).then(value);
      const { store, rows } = fakeStore(later);
      const running = new Map<string, number>();
      const runs = new Map<string, FakeRun>();
      const snapshot = async ({ id, succeeds }: FakeRun): Promise<Snapshot | undefined> =>
        succeeds ? { executionId: id, result: `"${id}"`, output: "[]", outputBytes: 0, durationMs: 1, bytes: 1 } : undefined;
      const cache = createResultCache<FakeRun>({
        store,
        maxBytes: () => 100,
        snapshot,
        clock: { now: () => 0, monotonic: () => 0 },
        logger,
      });

      const answers = given.map(async ({ key, mode, succeeds, beginFails }, index) => {
        const answer = cache.answer({ command: key, mode, ttlMs: 10, key: () => later(() => key) }, async () => {
          const count = (running.get(key) ?? 0) + 1;
          running.set(key, count);
          expect(count).toBe(1);
          await later(() => undefined);
          if (beginFails) {
            running.set(key, 0);
            throw new Error("queue full");
          }
          const ended = later(() => void running.set(key, 0));
          const run = { id: `run-${index}`, key, succeeds, ended };
          runs.set(run.id, run);
          return run;
        });
        return answer.catch((error: Error) => error);
      });
      await scheduler.waitAll();
      const settled = await scheduler.waitFor(Promise.all(answers));
      await scheduler.waitFor(cache.close());

      const isRight = (answer: (typeof settled)[number], index: number) => {
        const { key, mode } = given[index] as (typeof given)[number];
        if (answer instanceof Error) return answer.message === "queue full";
        if (answer.kind === "hit") {
          const made = runs.get(answer.result.executionId);
          return mode === "use" && made?.key === key && made.succeeds;
        }
        const { id } = answer.run;
        return answer.run.key === key && runs.get(id) === answer.run && (answer.joined || id === `run-${index}`);
      };
      expect(settled.filter((answer, index) => !isRight(answer, index))).toEqual([]);
      for (const [key, row] of rows) expect(runs.get(row.executionId)).toMatchObject({ key, succeeds: true });
    }),
    { numRuns: 300 },
  );
});

test("age decides by the time to live of then and of now; changed files and a clear meanwhile keep nothing", async () => {
  let nowMs = 1000;
  let version = 1;
  let begun = 0;
  const { store, rows } = fakeStore(async (value) => value());
  const snapshot = async ({ id }: FakeRun) => ({ executionId: id, result: null, output: "[]", outputBytes: 0, durationMs: 1, bytes: 1 });
  const cache = createResultCache<FakeRun>({ store, maxBytes: () => 2, snapshot, clock: { now: () => nowMs, monotonic: () => 0 }, logger });
  const ask = async (ttlMs = 100, whileItRuns: () => unknown = () => undefined) => {
    const key = `k${version}`;
    const answer = await cache.answer({ command: "c", mode: "use", ttlMs, key: async () => `k${version}` }, async () => {
      begun += 1;
      return {
        id: `run-${begun}`,
        key,
        succeeds: true,
        ended: Promise.resolve()
          .then(whileItRuns)
          .then(() => undefined),
      };
    });
    await cache.close();
    return answer;
  };
  expect(await ask()).toMatchObject({ kind: "run", joined: false });
  nowMs += 99;
  expect(await ask()).toMatchObject({ kind: "hit", ageMs: 99 });
  expect(await ask(50)).toMatchObject({ kind: "run" });
  nowMs += 100;
  expect(await ask()).toMatchObject({ kind: "run" });
  version = 2;
  expect(await ask(100, () => (version = 3))).toMatchObject({ kind: "run" });
  expect([...rows.keys()]).toEqual(["k1"]);
  await ask(100, () => cache.clear(undefined));
  expect([...rows.keys()]).toEqual(["k1"]);
  expect(await cache.status()).toMatchObject({ hits: 1, misses: 5 });
});
