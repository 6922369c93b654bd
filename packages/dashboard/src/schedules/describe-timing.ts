/** Says when a schedule ticks, in words as short as the facts allow. */
import type { ScheduleSummary } from "@gantry/contract";

import { formatDuration, formatMoment } from "../app/parts/format.ts";

export function describeTiming({ cron, timeZone, everyMs, at }: Pick<ScheduleSummary, "cron" | "timeZone" | "everyMs" | "at">): string {
  if (cron !== null) return timeZone === null ? cron : `${cron} · ${timeZone}`;
  if (everyMs !== null) return `every ${formatDuration(everyMs)}`;
  return at === null ? "" : `once, ${formatMoment(at)}`;
}
