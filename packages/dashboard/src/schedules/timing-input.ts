/** What the form's fields mean to the daemon. */
import type { Schedule } from "@gantry/contract";

export type TimingKind = "cron" | "every" | "once";

export const units = { seconds: 1000, minutes: 60_000, hours: 3_600_000, days: 86_400_000 } as const;
export type Unit = keyof typeof units;

export interface TimingFields {
  kind: TimingKind;
  cron: string;
  timeZone: string;
  every: number | string;
  unit: Unit;
  /** As an input of type datetime-local writes it: this browser's time, without a zone. */
  once: string;
}

export function timingFields(schedule: Schedule | undefined): TimingFields {
  const unit = unitOf(schedule?.everyMs ?? units.minutes * 10);
  return {
    kind: schedule === undefined || schedule.cron !== null ? "cron" : schedule.everyMs !== null ? "every" : "once",
    cron: schedule?.cron ?? "30 2 * * *",
    timeZone: schedule?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    every: (schedule?.everyMs ?? units.minutes * 10) / units[unit],
    unit,
    once: schedule?.at === undefined || schedule.at === null ? "" : localInput(new Date(schedule.at)),
  };
}

/** The largest unit that leaves no rest. */
function unitOf(everyMs: number): Unit {
  const names = Object.keys(units) as Unit[];
  return names.findLast((name) => everyMs >= units[name] && everyMs % units[name] === 0) ?? "seconds";
}

function localInput(time: Date): string {
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export interface Timing {
  cron?: string;
  timeZone?: string;
  everyMs?: number;
  at?: string;
}

/** What is wrong is the daemon's to say, except for a time that cannot be sent at all. */
export function timingOf({ kind, cron, timeZone, every, unit, once }: TimingFields): Timing {
  if (kind === "cron") return { cron: cron.trim(), timeZone };
  if (kind === "every") return { everyMs: Math.round(Number(every) * units[unit]) };
  const at = new Date(once);
  if (Number.isNaN(at.getTime())) throw new Error("Choose a day and a time.");
  return { at: at.toISOString() };
}
