/** How schedules and ticks look in a terminal. */
import type { Schedule, ScheduleSummary, Tick } from "@gantry/contract";
import pc from "picocolors";

import { plain } from "../output/plain.ts";
import { printTable } from "../output/table.ts";
import { formatDuration } from "../output/units.ts";

function describeTiming({ cron, timeZone, everyMs, at }: Pick<Schedule, "cron" | "timeZone" | "everyMs" | "at">): string {
  if (cron !== null) return `${cron} (${timeZone})`;
  return everyMs === null ? `once at ${at}` : `every ${formatDuration(everyMs)}`;
}

const paints: Partial<Record<Tick["state"], (text: string) => string>> = {
  running: pc.cyan,
  succeeded: pc.green,
  failed: pc.red,
  timedOut: pc.red,
  refused: pc.red,
  missed: pc.yellow,
  skipped: pc.yellow,
  interrupted: pc.yellow,
  cancelled: pc.yellow,
};
const paintTick = (text: string, state: Tick["state"] | undefined) => (state === undefined ? text : (paints[state]?.(text) ?? text));

export function printSchedules(items: ScheduleSummary[]): void {
  printTable(
    [
      { head: "NAME", value: ({ name }) => name },
      { head: "COMMAND", value: ({ command }) => command },
      { head: "WHEN", value: (row) => describeTiming(row) },
      { head: "STATE", value: ({ state }) => state },
      { head: "NEXT", value: ({ nextAt }) => nextAt ?? undefined },
      { head: "LAST", value: ({ lastTick }) => lastTick?.state, paint: (text, { lastTick }) => paintTick(text, lastTick?.state) },
    ],
    items,
  );
}

export function printTicks(items: Tick[]): void {
  printTable(
    [
      { head: "SCHEDULED", value: ({ scheduledAt, onSchedule }) => (onSchedule ? scheduledAt : `${scheduledAt} (by hand)`) },
      { head: "STATE", value: ({ state }) => state, paint: (text, { state }) => paintTick(text, state) },
      { head: "EXECUTION", value: ({ executionId }) => executionId ?? undefined },
      { head: "ENDED", value: ({ endedAt }) => endedAt ?? undefined },
      { head: "ERROR", value: ({ error }) => error?.message },
    ],
    items,
  );
}

export function printSchedule(schedule: Schedule): void {
  const { name, state, source, command, input, argv, nextAt, lastTick, misfire, misfireMax, catchUpMs, overlap, jitterMs } = schedule;
  const words = argv === null ? JSON.stringify(input ?? {}) : argv.join(" ");
  const rows: [string, string | undefined][] = [
    ["name", name],
    ["state", source === "configuration" ? `${state}, written in gantry.toml` : state],
    ["runs", `${command} ${words}`.trim()],
    ["when", describeTiming(schedule)],
    ["next", nextAt ?? undefined],
    ["last", lastTick === null ? undefined : `${lastTick.scheduledAt} ${lastTick.state} ${lastTick.executionId ?? ""}`.trim()],
    ["missed", `${misfire === "all" ? `all, at most ${misfireMax}` : misfire}, if by less than ${formatDuration(catchUpMs)}`],
    ["overlap", overlap],
    ["jitter", jitterMs === 0 ? undefined : `up to ${formatDuration(jitterMs)}`],
    ["folder", schedule.cwd ?? undefined],
    ["variables", schedule.envNames.length === 0 ? undefined : schedule.envNames.join(", ")],
    ["time limit", schedule.timeoutMs === null ? undefined : formatDuration(schedule.timeoutMs)],
    ["tags", schedule.tags.length === 0 ? undefined : schedule.tags.join(", ")],
    ["made by", schedule.owner],
    ["id", schedule.scheduleId],
  ];
  const shown = rows.filter((row): row is [string, string] => row[1] !== undefined);
  const width = Math.max(...shown.map(([label]) => label.length));
  for (const [label, value] of shown) process.stdout.write(`${pc.dim(label.padEnd(width))}  ${plain(value)}\n`);
}
