/** Who runs now and who waits: hands a place to the next one that may begin, whenever one becomes free. */
import type { Clock } from "../core/clock.ts";
import type { Limits } from "./limits.ts";
import { changeQueue, type LiveExecution } from "./live-execution.ts";
import { createReadyQueue } from "./ready-queue.ts";
import { createTally } from "./tally.ts";
import type { WorkerPool } from "./worker-pool.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** The right to run one execution: for a function, with the worker that runs it. */
export type Place = WorkerProcess | true;

export interface PlacesOptions {
  pool: Pick<WorkerPool, "lease" | "release">;
  limits: Limits;
  /** Of the whole instance; may change at any time. */
  settings: { readonly maxConcurrent: number };
  clock: Clock;
  /** Called with one that has left the queue and has a place. */
  start(live: LiveExecution, place: Place): void;
}

export interface Places {
  readonly waiting: number;
  waitingIn(queue: string): number;
  /** In no order. */
  allWaiting(): Iterable<LiveExecution>;
  /** How many hold a place: from before the row says running until the process is gone. */
  readonly running: number;
  /** A place for one that would not overtake any that wait; undefined when it has to wait itself. */
  take(live: LiveExecution): Place | undefined;
  /** For one that runs already, whatever the limits. */
  adopt(live: LiveExecution): void;
  free(live: LiveExecution, place: Place): void;
  push(live: LiveExecution): void;
  /** True when it was waiting. */
  remove(live: LiveExecution): boolean;
  /** To another queue, without losing its turn. */
  move(live: LiveExecution, queue: string): void;
  /** Begins what may begin; call when anything that held something up is gone. */
  pump(): void;
  /** Of the next function that only wants a worker. */
  workerAwaitedMs(): number | undefined;
  /** Nothing begins any more. */
  close(): void;
}

const isFunction = ({ row }: LiveExecution) => row.kind === "function";

export function createPlaces({ pool, limits, settings, clock, start }: PlacesOptions): Places {
  const queue = createReadyQueue<LiveExecution>();
  const queued = createTally();
  let running = 0;
  let closed = false;

  const occupy = (live: LiveExecution) => {
    running += 1;
    limits.began(live);
  };
  const isFull = () => closed || running >= settings.maxConcurrent;
  const placeFor = (live: LiveExecution): Place | undefined => (isFunction(live) ? pool.lease() : true);
  const enter = (live: LiveExecution) => {
    queue.push(live);
    queued.add(live.queue, 1);
  };
  const remove = (live: LiveExecution) => {
    if (!queue.remove(live)) return false;
    queued.add(live.queue, -1);
    return true;
  };

  const pump = () => {
    let noWorker = false;
    while (!isFull()) {
      const live = queue.peek((first) => (noWorker && isFunction(first)) || limits.holds(first));
      if (live === undefined) return;
      const place = placeFor(live);
      if (place === undefined) noWorker = true;
      else {
        remove(live);
        occupy(live);
        start(live, place);
      }
    }
  };

  return {
    get waiting() {
      return queue.size;
    },
    waitingIn: (name) => queued.of(name),
    allWaiting: () => queue.items(),
    get running() {
      return running;
    },
    take(live) {
      if (isFull() || queue.has(live.lane) || limits.holds(live)) return undefined;
      const place = placeFor(live);
      if (place !== undefined) occupy(live);
      return place;
    },
    adopt: occupy,
    free(live, place) {
      running -= 1;
      limits.ended(live);
      if (place !== true) pool.release(place);
      pump();
    },
    push(live) {
      live.readyAtMs = clock.now();
      enter(live);
      pump();
    },
    remove,
    move(live, to) {
      if (!remove(live)) return;
      changeQueue(live, to);
      enter(live);
    },
    pump,
    workerAwaitedMs() {
      const next = queue.peek((first) => !isFunction(first) || limits.holds(first));
      return next === undefined || isFull() ? undefined : Math.max(0, clock.now() - next.readyAtMs);
    },
    close() {
      closed = true;
    },
  };
}
