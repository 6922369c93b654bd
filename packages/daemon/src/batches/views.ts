/** Shows rows of the store in the shapes of the contract. */
import type { Batch, BatchCounts, BatchItem, BatchSummary, ExecutionError } from "@gantry/contract";

import { toTimestamp } from "../core/clock.ts";
import type { BatchRow, ItemRow } from "./store.ts";

export function itemView(row: ItemRow): BatchItem {
  return {
    index: row.position,
    id: row.itemId,
    command: row.command,
    needs: JSON.parse(row.needs) as string[],
    state: row.state,
    executionId: row.executionId,
    error: row.error === null ? null : (JSON.parse(row.error) as ExecutionError),
    endedAt: row.endedAtMs === null ? null : toTimestamp(row.endedAtMs),
  };
}

/** `counts`: those of now, if it has not ended. */
export function summaryView(row: BatchRow, counts: BatchCounts = JSON.parse(row.counts) as BatchCounts): BatchSummary {
  return {
    batchId: row.id,
    name: row.name,
    state: row.state,
    owner: row.owner,
    concurrency: row.concurrency,
    stopOnError: row.stopOnError === 1,
    counts,
    createdAt: toTimestamp(row.createdAtMs),
    endedAt: row.endedAtMs === null ? null : toTimestamp(row.endedAtMs),
    durationMs: row.endedAtMs === null ? null : row.endedAtMs - row.createdAtMs,
  };
}

export function batchView(row: BatchRow, counts: BatchCounts | undefined, failures: readonly ItemRow[]): Batch {
  return { ...summaryView(row, counts), failures: failures.map(itemView) };
}
