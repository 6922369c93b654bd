/** The named queues as people see and steer them; a pause is durable before it is acknowledged. */
import { defaultQueue, GantryError, type Queue, type queueEvents } from "@gantry/contract";

import { type Clock, toTimestamp } from "../core/clock.ts";
import type { Publish } from "../core/event-bus.ts";
import { nearest } from "../core/nearest.ts";
import type { Limits, QueueLimits } from "./limits.ts";
import type { Places } from "./places.ts";
import type { ExecutionStore } from "./store.ts";
import type { Timetable } from "./timetable.ts";

export interface QueuesOptions {
  queues: ReadonlyMap<string, QueueLimits>;
  limits: Limits;
  places: Pick<Places, "allWaiting" | "waitingIn" | "pump">;
  timetable: Pick<Timetable, "waitingIn">;
  store: Pick<ExecutionStore, "setPaused">;
  publish: Publish<typeof queueEvents>;
  clock: Clock;
}

export interface Queues {
  list(): Queue[];
  readonly paused: string[];
  /** Both throw notFound, which names those that there are, and unavailable when it cannot be stored. */
  pause(name: string): Promise<Queue>;
  resume(name: string): Promise<Queue>;
}

/** `default` first, then as they are configured. */
export function fillQueues(queues: Map<string, QueueLimits>, configured: Readonly<Record<string, QueueLimits>>): void {
  queues.clear();
  for (const [name, limits] of [[defaultQueue, {}] as const, ...Object.entries(configured)]) queues.set(name, limits);
}

export function createQueues({ queues, limits, places, timetable, store, publish, clock }: QueuesOptions): Queues {
  const view = (name: string): Queue => {
    const { maxConcurrent = null, maxQueued = null } = queues.get(name) as QueueLimits;
    const pausedAtMs = limits.pausedAtMs(name);
    let oldestMs = Infinity;
    for (const { queue, readyAtMs } of places.allWaiting()) if (queue === name) oldestMs = Math.min(oldestMs, readyAtMs);
    return {
      name,
      paused: pausedAtMs !== undefined,
      pausedAt: pausedAtMs === undefined ? null : toTimestamp(pausedAtMs),
      maxConcurrent,
      maxQueued,
      queued: places.waitingIn(name),
      scheduled: timetable.waitingIn(name),
      running: limits.running(name),
      oldestQueuedAt: oldestMs === Infinity ? null : toTimestamp(oldestMs),
    };
  };

  const setPaused = async (name: string, atMs: number | undefined): Promise<Queue> => {
    if (!queues.has(name)) throw noSuchQueue(name, [...queues.keys()]);
    if ((limits.pausedAtMs(name) === undefined) === (atMs === undefined)) return view(name);
    try {
      await store.setPaused(name, atMs);
    } catch (cause) {
      throw new GantryError("unavailable", `It could not be stored (${(cause as Error).message}). Nothing was changed.`, { cause });
    }
    limits.setPaused(name, atMs);
    publish(atMs === undefined ? "queue.resumed" : "queue.paused", { name });
    places.pump();
    return view(name);
  };

  return {
    list: () => [...queues.keys()].map(view),
    get paused() {
      return [...queues.keys()].filter((name) => limits.pausedAtMs(name) !== undefined);
    },
    pause: (name) => setPaused(name, clock.now()),
    resume: (name) => setPaused(name, undefined),
  };
}

function noSuchQueue(name: string, known: string[]): GantryError {
  const suggestions = nearest(name, known);
  return new GantryError("notFound", `There is no queue ${name}. There are: ${known.join(", ")}. Nothing was changed.`, {
    details: { suggestions, known },
  });
}
