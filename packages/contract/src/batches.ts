/** Batches: many executions submitted together, with an order between them, one progress, and one summary. */
import { z } from "zod";

import { event } from "./event.ts";
import { ExecuteInput, ExecutionError, startedStates } from "./executions.ts";
import { operation, room } from "./operation.ts";
import { BatchId, DisplayText, ExecutionId, Name, pageInput, pageOf, Timestamp } from "./primitives.ts";

const { command, input, argv, cwd, env, timeoutMs, priority, queue, tags } = ExecuteInput.shape;

/** How an item is called in `needs`; its number, counted from 1, unless given. */
const ItemName = Name.max(64);

export const BatchItemInput = z.strictObject({
  id: ItemName.optional(),
  command,
  input,
  argv,
  cwd,
  env,
  timeoutMs,
  priority,
  queue,
  tags,
  /** Items that must have succeeded before this one begins. */
  needs: z.array(ItemName).max(100).default([]),
});
export type BatchItemInput = z.output<typeof BatchItemInput>;

export const CreateBatchInput = z.object({
  /** For people. */
  name: DisplayText.max(128).optional(),
  items: z.array(BatchItemInput).min(1).max(10_000),
  /** So many items run at once. */
  concurrency: z.int().min(1).max(1000).default(10),
  /** After the first failure no more items begin. */
  stopOnError: z.boolean().default(false),
});
export type CreateBatchInput = z.output<typeof CreateBatchInput>;

export const BatchState = z.enum(["running", "succeeded", "failed", "cancelled"]);
export type BatchState = z.infer<typeof BatchState>;

/**
 * `waiting`: for what it needs or for its turn. `starting`: promised to be run. Then the states of its execution.
 * `skipped`: never begun, because of another's failure or a cancel. `refused`: could not be run. `error` says why.
 */
export const BatchItemState = z.enum(["waiting", "starting", ...startedStates, "skipped", "refused"]);
export type BatchItemState = z.infer<typeof BatchItemState>;

export const BatchItem = z.object({
  /** Its place in the batch, from 0. */
  index: z.int(),
  id: z.string(),
  command: Name,
  needs: z.array(z.string()),
  state: BatchItemState,
  executionId: ExecutionId.nullable(),
  error: ExecutionError.nullable(),
  endedAt: Timestamp.nullable(),
});
export type BatchItem = z.infer<typeof BatchItem>;

export const BatchCounts = z.object({
  total: z.int(),
  waiting: z.int(),
  running: z.int(),
  succeeded: z.int(),
  failed: z.int(),
  skipped: z.int(),
  cancelled: z.int(),
});
export type BatchCounts = z.infer<typeof BatchCounts>;

export const BatchSummary = z.object({
  batchId: BatchId,
  name: z.string().nullable(),
  state: BatchState,
  owner: z.string(),
  concurrency: z.int(),
  stopOnError: z.boolean(),
  counts: BatchCounts,
  createdAt: Timestamp,
  endedAt: Timestamp.nullable(),
  durationMs: z.int().nullable(),
});
export type BatchSummary = z.infer<typeof BatchSummary>;

export const Batch = BatchSummary.extend({
  /** Items that failed, were refused, timed out, or were interrupted, in the order they ended; the first hundred. */
  failures: z.array(BatchItem),
});
export type Batch = z.infer<typeof Batch>;

/** `accepted` first; then `item` for each that has ended, in that order, also those of before; `progress` in between; `result` last. */
export const BatchEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("accepted"), batchId: BatchId, counts: BatchCounts }),
  z.object({ type: z.literal("progress"), counts: BatchCounts }),
  /** `nextOffset`: where to resume. */
  z.object({ type: z.literal("item"), nextOffset: z.int(), item: BatchItem }),
  z.object({ type: z.literal("result"), result: Batch }),
]);
export type BatchEvent = z.infer<typeof BatchEvent>;

const id = BatchId;

export const batchOperations = room("batches", {
  create: operation({
    method: "POST",
    path: "/batches",
    permission: "executions.run",
    summary: "Run many commands as one batch: accepted at once, or (as a stream) with its progress",
    input: CreateBatchInput,
    output: Batch,
    events: BatchEvent,
    successStatus: () => 202,
    errors: ["notFound"],
  }),
  list: operation({
    method: "GET",
    path: "/batches",
    permission: "executions.read",
    summary: "List batches, newest first",
    input: z.object({ ...pageInput, state: BatchState.optional() }),
    output: pageOf(BatchSummary),
  }),
  get: operation({
    method: "GET",
    path: "/batches/:id",
    permission: "executions.read",
    summary: "Show a batch with its failures, or (as a stream) its progress until it has ended",
    input: z.object({
      id,
      /** Streams only: a `nextOffset` seen before. */
      since: z.int().min(0).default(0),
    }),
    output: Batch,
    events: BatchEvent,
    errors: ["notFound"],
  }),
  items: operation({
    method: "GET",
    path: "/batches/:id/items",
    permission: "executions.read",
    summary: "List the items of a batch in their order",
    input: z.object({ id, ...pageInput, state: BatchItemState.optional() }),
    output: pageOf(BatchItem),
    errors: ["notFound"],
  }),
  cancel: operation({
    method: "POST",
    path: "/batches/:id/cancel",
    permission: "executions.control",
    summary: "End a batch: what waits is skipped, what runs is stopped; answers when all of it is gone",
    input: z.object({ id }),
    output: Batch,
    errors: ["notFound"],
    idempotent: true,
  }),
});

const Brief = z.object({ batchId: BatchId, name: z.string().nullable(), owner: z.string(), state: BatchState, counts: BatchCounts });

export const batchEvents = {
  "batch.accepted": event("executions.read", Brief),
  "batch.progress": event("executions.read", Brief),
  "batch.ended": event("executions.read", Brief),
} as const;
