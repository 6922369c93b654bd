/** When a schedule ticks: reads cron, interval, or time, and computes ticks in either direction. Cron is croner's. */
import { createHash } from "node:crypto";

import { GantryError } from "@gantry/contract";
import { Cron } from "croner";

export interface GivenTiming {
  cron?: string | undefined;
  timeZone?: string | undefined;
  everyMs?: number | undefined;
  at?: string | undefined;
}

export type Timing =
  | { kind: "cron"; cron: string; timeZone: string }
  | { kind: "every"; everyMs: number; anchorMs: number }
  | { kind: "at"; atMs: number };

export interface Ticks {
  /** The first after that time; undefined when there is none any more. */
  next(afterMs: number): number | undefined;
  /** The latest `count` after `afterMs` and not after `untilMs`, rising. */
  latest(count: number, afterMs: number, untilMs: number): number[];
}

/** Throws invalidArgument that names the field, what was given, and what is allowed. `anchorMs`: what an interval counts from. */
export function parseTiming(given: GivenTiming, anchorMs: number): Timing {
  const { cron, timeZone, everyMs, at } = given;
  const kinds = Object.entries({ cron, everyMs, at }).filter(([, value]) => value !== undefined);
  if (kinds.length !== 1) {
    const which = kinds.length === 0 ? "none was given" : `${kinds.map(([name]) => name).join(" and ")} were given`;
    throw invalid(kinds[0]?.[0] ?? "cron", `exactly one of cron, everyMs, and at says when it ticks, but ${which}`);
  }
  if (timeZone !== undefined && cron === undefined)
    throw invalid("timeZone", `is only for cron, but ${JSON.stringify(timeZone)} was given with ${kinds[0]?.[0]}`);
  if (everyMs !== undefined) return { kind: "every", everyMs, anchorMs };
  if (at !== undefined) return { kind: "at", atMs: Date.parse(at) };
  const timing: Timing = { kind: "cron", cron: cron as string, timeZone: timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone };
  let never: boolean;
  try {
    never = ticksOf(timing).next(anchorMs) === undefined;
  } catch (cause) {
    const reason = (cause as Error).message.replace(/^CronPattern: /, "").replace(/\.$/, "");
    throw invalid(
      "cron",
      `${JSON.stringify(cron)} is no cron pattern (${reason}). Five fields are allowed (minute hour day month weekday, such as "30 2 * * *"), or six with seconds first`,
      cause,
    );
  }
  if (never) throw invalid("cron", `${JSON.stringify(cron)} never comes; give a pattern that names a day which exists`);
  return timing;
}

function invalid(field: string, message: string, cause?: unknown): GantryError {
  return new GantryError("invalidArgument", `${field}: ${message}. Nothing was changed.`, {
    details: { issues: [{ field, message }] },
    ...(cause === undefined ? {} : { cause }),
  });
}

export function ticksOf(timing: Timing): Ticks {
  if (timing.kind === "cron") return cronTicks(timing.cron, timing.timeZone);
  if (timing.kind === "every") return intervalTicks(timing.everyMs, timing.anchorMs);
  const { atMs } = timing;
  return {
    next: (afterMs) => (atMs > afterMs ? atMs : undefined),
    latest: (count, afterMs, untilMs) => (count > 0 && atMs > afterMs && atMs <= untilMs ? [atMs] : []),
  };
}

function cronTicks(pattern: string, timeZone: string): Ticks {
  // Paused: it only computes; one timer of ours wakes all schedules.
  const cron = new Cron(pattern, { timezone: timeZone, paused: true });
  return {
    next: (afterMs) => cron.nextRun(new Date(afterMs))?.getTime(),
    latest(count, afterMs, untilMs) {
      const ticks: number[] = [];
      // croner counts in whole seconds and gives what is strictly before.
      let before = (Math.floor(untilMs / 1000) + 1) * 1000;
      while (ticks.length < count) {
        const [tick] = cron.previousRuns(1, new Date(before));
        if (tick === undefined || tick.getTime() <= afterMs) break;
        before = tick.getTime();
        ticks.unshift(before);
      }
      return ticks;
    },
  };
}

function intervalTicks(everyMs: number, anchorMs: number): Ticks {
  return {
    next: (afterMs) => anchorMs + Math.max(1, Math.floor((afterMs - anchorMs) / everyMs) + 1) * everyMs,
    latest(count, afterMs, untilMs) {
      const last = Math.floor((untilMs - anchorMs) / everyMs);
      const first = Math.max(1, Math.floor((afterMs - anchorMs) / everyMs) + 1, last - count + 1);
      return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => anchorMs + (first + index) * everyMs);
    },
  };
}

/** The same for the same tick in every process, so that a restart does not draw again. */
export function jitterOf(scheduleId: string, scheduledAtMs: number, jitterMs: number): number {
  if (jitterMs === 0) return 0;
  return createHash("sha256").update(`${scheduleId}@${scheduledAtMs}`).digest().readUInt32BE(0) % (jitterMs + 1);
}
