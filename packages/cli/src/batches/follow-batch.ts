/** Watches a batch to its end and tells how it went: failures first, then the numbers. */
import type { Batch, BatchEvent } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";
import pc from "picocolors";

import { printJson } from "../output/print-json.ts";
import { formatDuration } from "../output/units.ts";
import type { VerbContext } from "../verb.ts";
import { createProgressDisplay, describeItem } from "./show-progress.ts";

export interface FollowOptions {
  json?: boolean;
  /** Ctrl-C cancels the batch, for whoever started it; a mere watcher only leaves. */
  cancelOnInterrupt: boolean;
}

export async function followBatch(
  events: AsyncIterable<BatchEvent>,
  { json, cancelOnInterrupt }: FollowOptions,
  context: VerbContext,
): Promise<void> {
  const { connection } = await context.connect();
  const display = createProgressDisplay();
  let batchId: string | undefined;
  let result: Batch | undefined;
  let interrupts = 0;
  const interrupt = () => {
    interrupts += 1;
    if (!cancelOnInterrupt || interrupts > 1 || batchId === undefined) process.exit(130);
    process.stderr.write(`\ngantry: cancelling ${batchId}; press Ctrl-C again to leave at once\n`);
    connection.call("batches.cancel", { id: batchId }).catch(() => undefined);
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    for await (const event of events) {
      if (event.type === "accepted") {
        ({ batchId } = event);
        process.stderr.write(`${batchId}: ${event.counts.total} items\n`);
        display.counts(event.counts);
      } else if (event.type === "progress") display.counts(event.counts);
      else if (event.type === "item") display.item(event.item, event.nextOffset);
      else ({ result } = event);
    }
  } catch (error) {
    if (batchId === undefined || !(error instanceof GantryError)) throw error;
    throw lost(batchId, error);
  } finally {
    display.end();
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
  if (result === undefined) throw lost(batchId);
  if (json === true) printJson(result);
  else printSummary(result);
  context.exitWith(exitStatusOf(result));
}

function lost(batchId: string | undefined, cause?: unknown): GantryError {
  const next = batchId === undefined ? "" : ` The batch goes on when the daemon is back. Watch it with: gantry batch watch ${batchId}`;
  return new GantryError("aborted", `The daemon went away before the batch had ended.${next}`, { cause });
}

function exitStatusOf({ state }: Pick<Batch, "state">): number {
  return state === "succeeded" ? 0 : state === "cancelled" ? 130 : 1;
}

export function printSummary({ batchId, name, state, counts, durationMs, failures }: Batch): void {
  for (const item of failures) process.stdout.write(`${describeItem(item)}\n`);
  if (failures.length < counts.failed)
    process.stdout.write(`… and ${counts.failed - failures.length} more: gantry batch items --state failed ${batchId}\n`);
  const paint = state === "succeeded" ? pc.green : state === "failed" ? pc.red : state === "cancelled" ? pc.yellow : pc.cyan;
  const { total, ...parts } = counts;
  const numbers = Object.entries(parts).flatMap(([part, count]) => (count === 0 ? [] : [`${count} ${part}`]));
  const took = durationMs === null ? "" : ` in ${formatDuration(durationMs)}`;
  process.stdout.write(`${name ?? batchId} ${paint(state)}: ${numbers.join(", ")} of ${total}${took}\n`);
}
