/** How the listed executions went, in one line: how many of each outcome, and how long each took, oldest first. */
import type { ExecutionSummary } from "@gantry/contract";

import { formatDuration } from "../output/units.ts";

const bars = "▁▂▃▄▅▆▇█";
const widest = 60;

/** Undefined when nothing of it has ended. `items` are newest first. */
export function historySummary(items: readonly ExecutionSummary[]): string | undefined {
  const ended = items.filter(({ endedAt }) => endedAt !== null).toReversed();
  if (ended.length === 0) return undefined;
  const counts = new Map<string, number>();
  for (const { state } of ended) counts.set(state, (counts.get(state) ?? 0) + 1);
  const outcomes = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
  const durations = ended.flatMap(({ durationMs }) => (durationMs === null ? [] : [durationMs]));
  if (durations.length === 0) return outcomes;
  const drawn = durations.slice(-widest);
  const span = [...new Set([Math.min(...drawn), Math.max(...drawn)].map((value) => formatDuration(value)))].join(" to ");
  const which = drawn.length < durations.length ? `the last ${widest} ` : "";
  return `${outcomes} · ${which}${sparkline(drawn)} ${span}`;
}

/** One character for each value, by its share of the largest. */
export function sparkline(values: readonly number[]): string {
  const largest = Math.max(...values, 1);
  return values.map((value) => bars[Math.min(bars.length - 1, Math.floor((value / largest) * bars.length))] as string).join("");
}
