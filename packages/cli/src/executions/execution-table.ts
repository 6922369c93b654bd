/** The columns in which `gantry ps` and `gantry history` show executions. */
import type { ExecutionSummary } from "@gantry/contract";
import pc from "picocolors";

import { printTable } from "../output/table.ts";
import { formatAge, formatDuration } from "../output/units.ts";

const paints: Record<ExecutionSummary["state"], (text: string) => string> = {
  scheduled: pc.dim,
  running: pc.cyan,
  queued: pc.dim,
  succeeded: pc.green,
  failed: pc.red,
  timedOut: pc.red,
  interrupted: pc.yellow,
  cancelled: pc.yellow,
  expired: pc.yellow,
};
export const executionStates = Object.keys(paints);

function stateText({ state, dueAt }: ExecutionSummary): string {
  return state === "scheduled" && dueAt !== null ? `scheduled (in ${formatDuration(Math.max(0, Date.parse(dueAt) - Date.now()))})` : state;
}

export function printExecutions(items: ExecutionSummary[]): void {
  printTable(
    [
      { head: "ID", value: ({ executionId }) => executionId },
      { head: "COMMAND", value: ({ command }) => command },
      { head: "STATE", value: stateText, paint: (text, { state }) => paints[state](text) },
      { head: "EXIT", value: ({ exitCode, signal }) => signal ?? exitCode ?? undefined, align: "right" },
      { head: "CREATED", value: ({ createdAt }) => formatAge(createdAt) },
      { head: "TOOK", value: ({ durationMs }) => (durationMs === null ? undefined : formatDuration(durationMs)), align: "right" },
      { head: "TAGS", value: ({ tags }) => (tags.length === 0 ? undefined : tags.join(",")) },
    ],
    items,
  );
}
