/** A batch that has not ended, as this daemon holds it: its rows, its plan, and who is watching. */
import type { BatchCounts } from "@gantry/contract";

import { createPlan } from "./plan.ts";
import { countItems, isFinalItem } from "./state.ts";
import type { BatchRow, ItemRow } from "./store.ts";

export interface LiveBatch {
  row: BatchRow;
  /** By position. */
  items: ItemRow[];
  /** In the order in which they ended. */
  ended: ItemRow[];
  counts: BatchCounts;
  plan: ReturnType<typeof createPlan>;
  watchers: Set<() => void>;
  /** All items have ended and the batch's own end is being stored. */
  isConcluding: boolean;
  /** When the last event of its progress was published, on the monotonic clock. */
  progressToldMs: number;
  /** Settles when the batch has ended and that is stored. */
  whenEnded: PromiseWithResolvers<void>;
}

/** Also of one that an earlier daemon has begun. `lost`: waiting items that never will begin; `begun`: those that were promised to run. */
export function createLiveBatch(row: BatchRow, items: ItemRow[]): { live: LiveBatch; lost: ItemRow[]; begun: ItemRow[] } {
  const planned = items.map(({ itemId, needs }) => ({ id: itemId, needs: JSON.parse(needs) as string[] }));
  const plan = createPlan(planned, { concurrency: row.concurrency, stopOnError: row.stopOnError === 1 });
  const ended = items.filter(({ state }) => isFinalItem(state)).sort((one, other) => (one.endOrder ?? 0) - (other.endOrder ?? 0));
  for (const { state, position } of items) if (state !== "waiting") plan.resume(position);
  const lost = ended.flatMap(({ position, state }) => plan.end(position, state === "succeeded"));
  if (row.cancelRequested === 1) lost.push(...plan.stop());
  const live: LiveBatch = {
    row,
    items,
    ended,
    counts: countItems(items),
    plan,
    watchers: new Set(),
    isConcluding: false,
    progressToldMs: Number.NEGATIVE_INFINITY,
    whenEnded: Promise.withResolvers(),
  };
  return {
    live,
    lost: lost.map((position) => items[position] as ItemRow),
    begun: items.filter(({ state }) => state !== "waiting" && !isFinalItem(state)),
  };
}

export function notify({ watchers }: LiveBatch): void {
  for (const watcher of watchers) watcher();
}
