/** Queues: what executions wait in, each with limits of its own and a pause that outlasts restarts. */
import { z } from "zod";

import { event } from "./event.ts";
import { operation, room } from "./operation.ts";
import { QueueName, Timestamp } from "./primitives.ts";

export const Queue = z.object({
  name: QueueName,
  /** What runs is finished; what waits stays. */
  paused: z.boolean(),
  pausedAt: Timestamp.nullable(),
  /** Null: only the limit of the whole instance holds. */
  maxConcurrent: z.int().nullable(),
  maxQueued: z.int().nullable(),
  queued: z.int(),
  /** Not to begin before a time that is still to come. */
  scheduled: z.int(),
  running: z.int(),
  /** Since when the one that has waited longest could have begun, but for the limits and pauses. */
  oldestQueuedAt: Timestamp.nullable(),
});
export type Queue = z.infer<typeof Queue>;

/** The whole instance's own. */
const InstanceLimits = z.object({ maxConcurrent: z.int(), maxQueued: z.int() });

export const queueOperations = room("queues", {
  list: operation({
    method: "GET",
    path: "/queues",
    permission: "executions.read",
    summary: "List the queues with their limits, and what waits and runs in each",
    input: z.object({}),
    output: z.object({ items: z.array(Queue), limits: InstanceLimits }),
  }),
  pause: operation({
    method: "POST",
    path: "/queues/:name/pause",
    permission: "queues.control",
    summary: "Let nothing more of a queue begin until it is resumed; what runs is finished",
    input: z.object({ name: QueueName }),
    output: Queue,
    errors: ["notFound", "unavailable"],
    idempotent: true,
  }),
  resume: operation({
    method: "POST",
    path: "/queues/:name/resume",
    permission: "queues.control",
    summary: "Let a paused queue begin again what waits in it",
    input: z.object({ name: QueueName }),
    output: Queue,
    errors: ["notFound", "unavailable"],
    idempotent: true,
  }),
});

export const queueEvents = {
  "queue.paused": event("executions.read", z.object({ name: QueueName })),
  "queue.resumed": event("executions.read", z.object({ name: QueueName })),
} as const;
