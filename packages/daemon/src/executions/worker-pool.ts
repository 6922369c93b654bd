/** Keeps warm command workers: hands them out one execution at a time, grows under load, and replaces those that are used up. */
import { availableParallelism } from "node:os";

import type { Logger } from "../core/logger.ts";
import type { ModuleReport } from "./worker/messages.ts";
import { startWorker, type WorkerOptions, type WorkerProcess } from "./worker-process.ts";

export interface WorkerPoolOptions extends WorkerOptions {
  /** May change at any time. */
  maxWorkers(): number;
  logger: Logger;
  /** Called whenever a worker has become free. */
  onFree(): void;
  /** How long the oldest waiting execution of a function has waited; undefined when none waits. */
  longestWaitMs(): number | undefined;
}

export interface WorkerPool {
  /** A free worker, or undefined; then the pool notes the demand and calls onFree later. Give it back with `release`. */
  lease(): WorkerProcess | undefined;
  release(worker: WorkerProcess): void;
  /** Loads modules in a fresh worker, which then joins the pool. A module that kills or blocks it is found by trying each alone. */
  describe(files: string[]): Promise<ModuleReport[]>;
  /** Code has changed: workers that run something finish it, and none of today's is used again. */
  renew(): void;
  readonly counts: { free: number; busy: number; starting: number };
  close(): Promise<void>;
}

/** Starting a worker takes some 60 ms of a core, so short work is better left to wait for one that is about to be free. */
const growAfterMs = 10;
/** What has waited as long, after work was seen to wait for `growAfterMs`, shows that there is more of it than the workers can take. */
const shortWaitMs = 1;
/** Some more than cores are worth their memory also for short work: the more end together, the more are written together. */
const workersPerCore = 4;
const pauseBeyondCoresMs = 100;
/** Still more only help work that waits for something else, and slow down what computes. */
const growFurtherAfterMs = 100;
const cores = availableParallelism();
/** A module may compile something large at import, but not for ever. */
const describeTimeoutMs = 30_000;
/** Workers above one are let go after this long without work. */
const idleTimeoutMs = 60_000;
/** Node itself needs a fraction of a second. One that hangs at its start must not keep its place for ever. */
const startTimeoutMs = 60_000;
/** After a worker that could not even start: long enough not to burn a core, short enough not to be noticed once it is mended. */
const restartDelayMs = 1000;

export function createWorkerPool({ maxWorkers, logger, onFree, longestWaitMs, ...workerOptions }: WorkerPoolOptions): WorkerPool {
  // The one used last is used next: its caches are warm, and the others can be let go.
  const free: { worker: WorkerProcess; sinceMs: number }[] = [];
  const busy = new Set<WorkerProcess>();
  const ending = new Set<Promise<void>>();
  const stale = new WeakSet<WorkerProcess>();
  const starting = new Set<WorkerProcess>();
  let growTimer: NodeJS.Timeout | undefined;
  let mayStartAtMs = 0;
  let closed = false;

  const retire = (worker: WorkerProcess) => {
    const ended = worker.end().catch((error: unknown) => logger.error({ err: error, pid: worker.pid }, "ending a worker failed"));
    ending.add(ended);
    void ended.then(() => ending.delete(ended));
    return ended;
  };

  const start = async (): Promise<WorkerProcess> => {
    const worker = startWorker(workerOptions);
    starting.add(worker);
    const tooLong = setTimeout(() => worker.signal("SIGKILL"), startTimeoutMs);
    try {
      await worker.ready;
    } catch (error) {
      mayStartAtMs = performance.now() + restartDelayMs;
      logger.error({ err: error }, "a command worker did not start");
      throw error;
    } finally {
      clearTimeout(tooLong);
      starting.delete(worker);
    }
    void worker.gone.then(() => {
      const index = free.findIndex((entry) => entry.worker === worker);
      if (index >= 0) free.splice(index, 1);
    });
    return worker;
  };

  const total = () => free.length + busy.size + starting.size;
  const grow = () => {
    growTimer = undefined;
    const waitMs = longestWaitMs();
    if (closed || waitMs === undefined || total() >= maxWorkers()) return;
    const afterMs = total() === 0 ? 0 : total() < cores * workersPerCore ? shortWaitMs : growFurtherAfterMs;
    if (waitMs < afterMs) return noteDemand(afterMs - waitMs);
    start().then(putBack, () => noteDemand(restartDelayMs));
    noteDemand(total() < cores ? growAfterMs : pauseBeyondCoresMs);
  };
  const noteDemand = (afterMs: number) => {
    if (closed || total() >= maxWorkers()) return;
    growTimer ??= setTimeout(grow, Math.max(afterMs, mayStartAtMs - performance.now()));
  };

  const putBack = (worker: WorkerProcess) => {
    if (worker.spent !== undefined) logger.info({ pid: worker.pid, because: worker.spent }, "a command worker is replaced");
    if (closed || stale.has(worker) || !worker.usable) void retire(worker);
    else free.push({ worker, sinceMs: performance.now() });
    onFree();
  };

  const shrink = setInterval(() => {
    const before = performance.now() - idleTimeoutMs;
    while (free.length > 1 && (free[0] as { sinceMs: number }).sinceMs < before) void retire((free.shift() as (typeof free)[0]).worker);
  }, idleTimeoutMs / 2).unref();

  const describeInFreshWorker = async (files: string[]): Promise<ModuleReport[]> => {
    const worker = await start();
    const tooLong = Promise.withResolvers<never>();
    const timer = setTimeout(() => tooLong.reject(new Error(`loading took longer than ${describeTimeoutMs / 1000} s`)), describeTimeoutMs);
    try {
      const reports = await Promise.race([worker.describe(files), tooLong.promise]);
      if (total() < maxWorkers()) putBack(worker);
      else void retire(worker);
      return reports;
    } catch (error) {
      await retire(worker);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    lease() {
      for (let entry = free.pop(); entry !== undefined; entry = free.pop()) {
        if (entry.worker.usable) {
          busy.add(entry.worker);
          return entry.worker;
        }
        void retire(entry.worker);
      }
      // With none at all there is nobody to wait for.
      noteDemand(total() === 0 ? 0 : growAfterMs);
      return undefined;
    },
    release(worker) {
      busy.delete(worker);
      putBack(worker);
    },
    async describe(files) {
      if (files.length === 0) return [];
      try {
        return await describeInFreshWorker(files);
      } catch (error) {
        if (files.length > 1) return (await Promise.all(files.map((file) => this.describe([file])))).flat();
        const message = `the worker did not survive loading it: ${(error as Error).message}`;
        return files.map((file) => ({ file, commands: [], files: [file], problem: message }));
      }
    },
    renew() {
      for (const { worker } of free.splice(0)) void retire(worker);
      for (const worker of [...busy, ...starting]) stale.add(worker);
    },
    get counts() {
      return { free: free.length, busy: busy.size, starting: starting.size };
    },
    async close() {
      closed = true;
      clearTimeout(growTimer);
      clearInterval(shrink);
      await Promise.all([...free.map(({ worker }) => retire(worker)), ...[...busy, ...starting].map(retire), ...ending]);
    },
  };
}
