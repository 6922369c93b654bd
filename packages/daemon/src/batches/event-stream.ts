/** Tells a watcher of one batch what happens, from where it was to the result, at the watcher's own speed. */
import type { BatchEvent } from "@gantry/contract";

import type { LiveBatch } from "./live-batch.ts";
import { isFailure } from "./state.ts";
import type { BatchRow, ItemRow } from "./store.ts";
import { batchView, itemView } from "./views.ts";

/** In a view of a batch. */
export const failuresShown = 100;

/** Ends early and silently when the signal aborts: nobody is there any more. */
export async function* batchEvents(live: LiveBatch, since: number, signal: AbortSignal): AsyncGenerator<BatchEvent> {
  yield { type: "accepted", batchId: live.row.id, counts: { ...live.counts } };
  let at = since;
  let told = JSON.stringify(live.counts);
  while (!signal.aborted) {
    const { promise, resolve: wake } = Promise.withResolvers<void>();
    live.watchers.add(wake);
    const stop = () => wake();
    signal.addEventListener("abort", stop);
    try {
      for (; at < live.ended.length && !signal.aborted; at += 1)
        yield { type: "item", nextOffset: at + 1, item: itemView(live.ended[at] as ItemRow) };
      if (live.row.endedAtMs !== null) {
        const failures = live.ended.filter(({ state }) => isFailure(state)).slice(0, failuresShown);
        yield { type: "result", result: batchView(live.row, { ...live.counts }, failures) };
        return;
      }
      const counts = JSON.stringify(live.counts);
      if (counts !== told) {
        told = counts;
        yield { type: "progress", counts: { ...live.counts } };
      } else if (at >= live.ended.length) await promise;
    } finally {
      live.watchers.delete(wake);
      signal.removeEventListener("abort", stop);
    }
  }
}

/** The same of one that has ended. */
export function* pastEvents(row: BatchRow, ended: readonly ItemRow[], since: number): Generator<BatchEvent> {
  const { counts } = batchView(row, undefined, []);
  yield { type: "accepted", batchId: row.id, counts };
  for (const [at, item] of ended.entries()) if (at >= since) yield { type: "item", nextOffset: at + 1, item: itemView(item) };
  const failures = ended.filter(({ state }) => isFailure(state)).slice(0, failuresShown);
  yield { type: "result", result: batchView(row, undefined, failures) };
}
