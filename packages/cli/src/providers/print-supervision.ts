/** Shows how the instances stand that Gantry itself keeps running. */
import type { SupervisedInstance } from "@gantry/contract";
import pc from "picocolors";

import { plain } from "../output/plain.ts";
import { printTable } from "../output/table.ts";
import { formatAge } from "../output/units.ts";
import { paintState } from "./paint-state.ts";

/** With the last lines of standard error of those that are not up; `all` shows them of every one. */
export function printSupervision(instances: SupervisedInstance[], all = false): void {
  printTable(
    [
      { head: "RUN BY GANTRY", value: ({ instance }) => instance },
      { head: "STATE", value: ({ state }) => state, paint: paintState },
      { head: "PID", value: ({ pid }) => pid, align: "right" },
      { head: "RESTARTS", value: ({ restarts }) => restarts, align: "right" },
      { head: "STARTED", value: ({ startedAt }) => (startedAt === undefined ? undefined : formatAge(startedAt)) },
      { head: "NEXT TRY", value: ({ nextRetryAt }) => (nextRetryAt === undefined ? undefined : untilThen(nextRetryAt)) },
      { head: "LAST END", value: ({ lastEnd }) => lastEnd ?? "" },
    ],
    instances,
  );
  for (const { instance, state, stderr = [] } of instances) {
    if (stderr.length === 0 || (!all && state === "running")) continue;
    process.stdout.write(`\n${pc.dim(`last lines of ${plain(instance)} on standard error`)}\n`);
    for (const line of stderr) process.stdout.write(`  ${plain(line)}\n`);
  }
}

/** In a few words, such as `2 running` or `1 running, 1 waiting (in 12 s)`. */
export function countStates(instances: SupervisedInstance[]): string {
  const counts = new Map<string, number>();
  for (const { state } of instances) counts.set(state, (counts.get(state) ?? 0) + 1);
  const [next] = instances.flatMap(({ nextRetryAt }) => nextRetryAt ?? []).sort();
  const words = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
  return next === undefined ? words : `${words} (${untilThen(next)})`;
}

function untilThen(time: string): string {
  const seconds = Math.ceil((Date.parse(time) - Date.now()) / 1000);
  return seconds <= 0 ? "now" : `in ${seconds} s`;
}
