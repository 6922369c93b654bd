/** Gives memory back while nothing happens: V8 keeps what a start or a burst of work has needed until it is asked for more. */
import { performance } from "node:perf_hooks";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

// Long enough that most short work is over, and that a collection (some 100 ms) falls where nobody waits.
const lookEveryMs = 10_000;
const idleUtilization = 0.02;
/** Less is not worth a collection. */
const worthBytes = 8 * 1024 * 1024;

/** For the rest of the process's life, which it does not prolong. */
export function releaseMemoryWhenIdle(everyMs = lookEveryMs): void {
  let before = performance.eventLoopUtilization();
  let heldBytes = 0;
  setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization > idleUtilization || getHeapStatistics().total_heap_size < heldBytes + worthBytes) return;
    collectAll();
    heldBytes = getHeapStatistics().total_heap_size;
  }, everyMs).unref();
}

type Collect = (options: { type: "major"; execution: "sync"; flavor: "last-resort" }) => void;

/** Only this collection also shrinks the space for young objects. */
function collectAll(): void {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as Collect;
  setFlagsFromString("--no-expose-gc");
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
}
