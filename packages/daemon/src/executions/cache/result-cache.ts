/**
 * Answers a request with the result of an earlier or a running execution of the same key. Only successes are kept. There is one execution of
 * a key at a time: the first request leads, those that come meanwhile follow, and all get the same outcome.
 */
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { CachedResult, CacheStore, Snapshot } from "./store.ts";

export interface Run {
  /** Settles when its outcome is stored. */
  readonly ended: Promise<void>;
}

export interface CacheRequest {
  command: string;
  mode: "use" | "refresh";
  ttlMs: number;
  /** Asked again at the end: a result whose files have changed meanwhile belongs to no key. */
  key(): Promise<string>;
}

export type Answer<R extends Run> =
  | { kind: "hit"; result: CachedResult; ageMs: number }
  /** `joined`: another request has begun it. */
  | { kind: "run"; run: R; joined: boolean };

export interface ResultCacheOptions<R extends Run> {
  store: CacheStore;
  /** May change at any time. */
  maxBytes(): number;
  /** What is to be kept of a run that has ended; undefined when nothing is. */
  snapshot(run: R): Promise<Snapshot | undefined>;
  clock: Clock;
  logger: Logger;
}

export interface CacheStatus {
  entries: number;
  bytes: number;
  maxBytes: number;
  /** Since the daemon's start. Joined requests are hits. */
  hits: number;
  misses: number;
}

export interface ResultCache<R extends Run> {
  /** `begin` is called by at most one request of a key at a time; what it throws, all of them get. */
  answer(request: CacheRequest, begin: () => Promise<R>): Promise<Answer<R>>;
  /** Resolves to how many results were dropped. */
  clear(command: string | undefined): Promise<number>;
  status(): Promise<CacheStatus>;
  /** Drops what is too much by a limit that has been lowered. */
  trim(): Promise<void>;
  /** Resolves when nothing is being stored any more. */
  close(): Promise<void>;
}

/** When a result was last used is written down this late, many at a time: it only decides what is dropped first. */
const touchAfterMs = 5000;

export function createResultCache<R extends Run>(options: ResultCacheOptions<R>): ResultCache<R> {
  const { store, snapshot, clock, logger } = options;
  const flights = new Map<string, Promise<R>>();
  const keeping = new Set<Promise<void>>();
  const touched = new Set<string>();
  let touchTimer: NodeJS.Timeout | undefined;
  let landings = 0;
  let clears = 0;
  let hits = 0;
  let misses = 0;

  const flushTouched = async () => {
    clearTimeout(touchTimer);
    touchTimer = undefined;
    const keys = [...touched];
    touched.clear();
    if (keys.length > 0) await store.touch(keys, clock.now());
  };
  const touch = (key: string) => {
    touched.add(key);
    touchTimer ??= setTimeout(() => {
      flushTouched().catch((error: unknown) => logger.warn({ err: error }, "the last use of cached results could not be stored"));
    }, touchAfterMs).unref();
  };

  const keep = async ({ command, ttlMs, key: keyOf }: CacheRequest, key: string, run: R, clearsBefore: number) => {
    const kept = await snapshot(run);
    const maxBytes = options.maxBytes();
    if (kept === undefined || kept.bytes > maxBytes || (await keyOf()) !== key || clears !== clearsBefore) return;
    await flushTouched();
    const nowMs = clock.now();
    await store.dropExpired(nowMs);
    await store.makeRoom(maxBytes - kept.bytes);
    await store.put({ ...kept, key, command, createdAtMs: nowMs, usedAtMs: nowMs, expiresAtMs: nowMs + ttlMs });
  };

  const lead = (request: CacheRequest, key: string, begin: () => Promise<R>): Promise<R> => {
    const clearsBefore = clears;
    const flight = begin();
    flights.set(key, flight);
    const land = async () => {
      try {
        const run = await flight;
        await run.ended;
        const kept = keep(request, key, run, clearsBefore);
        keeping.add(kept);
        await kept.finally(() => keeping.delete(kept));
      } catch (error) {
        // The request itself has told why nothing was begun.
        const begun = await flight.then(
          () => true,
          () => false,
        );
        if (begun) logger.warn({ err: error, command: request.command }, "a result could not be cached");
      } finally {
        landings += 1;
        flights.delete(key);
      }
    };
    void land();
    return flight;
  };

  const fresh = async (key: string, ttlMs: number): Promise<CachedResult | undefined> => {
    const found = await store.get(key);
    const nowMs = clock.now();
    // By today's limit too: it may have been shortened since.
    return found !== undefined && found.expiresAtMs > nowMs && found.createdAtMs + ttlMs > nowMs ? found : undefined;
  };

  return {
    async answer(request, begin) {
      const key = await request.key();
      for (;;) {
        const landingsBefore = landings;
        const result = request.mode === "use" ? await fresh(key, request.ttlMs) : undefined;
        if (result !== undefined) {
          hits += 1;
          touch(key);
          return { kind: "hit", result, ageMs: Math.max(0, clock.now() - result.createdAtMs) };
        }
        const flight = flights.get(key);
        if (flight !== undefined) {
          hits += 1;
          return { kind: "run", run: await flight, joined: true };
        }
        // One may have landed while the store was asked, too late for the store's answer.
        if (landings !== landingsBefore && request.mode === "use") continue;
        misses += 1;
        return { kind: "run", run: await lead(request, key, begin), joined: false };
      }
    },
    async clear(command) {
      clears += 1;
      return store.clear(command);
    },
    trim: () => store.makeRoom(options.maxBytes()),
    status: async () => ({ ...(await store.size()), maxBytes: options.maxBytes(), hits, misses }),
    async close() {
      // What has ended in this very turn is about to be kept; what has not ended is another daemon's.
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(keeping);
      await flushTouched();
    },
  };
}
