/** The states of a batch's items, how they count, and what they make of the batch. */
import type { BatchCounts, BatchItemState, BatchState } from "@gantry/contract";

const counted: Readonly<Record<BatchItemState, Exclude<keyof BatchCounts, "total">>> = {
  waiting: "waiting",
  starting: "running",
  running: "running",
  succeeded: "succeeded",
  failed: "failed",
  timedOut: "failed",
  interrupted: "failed",
  expired: "failed",
  refused: "failed",
  cancelled: "cancelled",
  skipped: "skipped",
};

export function isFinalItem(state: BatchItemState): boolean {
  return counted[state] !== "waiting" && counted[state] !== "running";
}

export function isFailure(state: BatchItemState): boolean {
  return counted[state] === "failed";
}

export const failureStates = (Object.keys(counted) as BatchItemState[]).filter(isFailure);

export function countItems(items: Iterable<{ state: BatchItemState }>): BatchCounts {
  const counts: BatchCounts = { total: 0, waiting: 0, running: 0, succeeded: 0, failed: 0, skipped: 0, cancelled: 0 };
  for (const { state } of items) {
    counts.total += 1;
    counts[counted[state]] += 1;
  }
  return counts;
}

/** Moves one item in the counts. */
export function recount(counts: BatchCounts, from: BatchItemState, to: BatchItemState): void {
  counts[counted[from]] -= 1;
  counts[counted[to]] += 1;
}

/** An execution that somebody cancelled by itself did not do what was asked: only a cancel of the batch makes the batch cancelled. */
export function batchStateAfter({ succeeded, total }: BatchCounts, cancelRequested: boolean): BatchState {
  if (succeeded === total) return "succeeded";
  return cancelRequested ? "cancelled" : "failed";
}
