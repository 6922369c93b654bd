/** The columns in which `gantry ps` and `gantry history` show executions. */
import type { ExecutionSummary } from "@gantry/contract";
import pc from "picocolors";

import { printTable } from "../output/table.ts";
import { formatAge, formatDuration } from "../output/units.ts";

const paints: Partial<Record<ExecutionSummary["state"], (text: string) => string>> = {
  running: pc.cyan,
  queued: pc.dim,
  succeeded: pc.green,
  failed: pc.red,
  timedOut: pc.red,
  interrupted: pc.yellow,
  cancelled: pc.yellow,
};

export function printExecutions(items: ExecutionSummary[]): void {
  printTable(
    [
      { head: "ID", value: ({ executionId }) => executionId },
      { head: "COMMAND", value: ({ command }) => command },
      { head: "STATE", value: ({ state }) => state, paint: (text, { state }) => paints[state]?.(text) ?? text },
      { head: "EXIT", value: ({ exitCode, signal }) => signal ?? exitCode ?? undefined, align: "right" },
      { head: "CREATED", value: ({ createdAt }) => formatAge(createdAt) },
      { head: "TOOK", value: ({ durationMs }) => (durationMs === null ? undefined : formatDuration(durationMs)), align: "right" },
      { head: "TAGS", value: ({ tags }) => (tags.length === 0 ? undefined : tags.join(",")) },
    ],
    items,
  );
}
