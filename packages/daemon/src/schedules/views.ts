/** Shows rows of the store in the shapes of the contract. */
import type { ExecutionError, Schedule, ScheduleState, ScheduleSummary, Tick } from "@gantry/contract";

import { toTimestamp } from "../core/clock.ts";
import { tickKey } from "./firing.ts";
import type { LiveSchedule } from "./live-schedule.ts";
import type { ShownInput } from "./runs.ts";
import type { TickRow } from "./store.ts";

export function tickView(row: TickRow): Tick {
  return {
    tick: tickKey(row),
    scheduledAt: toTimestamp(row.scheduledAtMs),
    onSchedule: row.onSchedule === 1,
    state: row.state,
    executionId: row.executionId,
    error: row.error === null ? null : (JSON.parse(row.error) as ExecutionError),
    endedAt: row.endedAtMs === null ? null : toTimestamp(row.endedAtMs),
  };
}

function stateOf({ row, nextMs }: LiveSchedule): ScheduleState {
  if (nextMs === undefined) return "finished";
  return row.paused === 1 ? "paused" : "active";
}

export function summaryView(live: LiveSchedule): ScheduleSummary {
  const { row, definition, timing, nextMs, last } = live;
  const state = stateOf(live);
  return {
    scheduleId: row.id,
    name: row.name,
    state,
    source: row.source,
    owner: row.owner,
    command: definition.command,
    cron: timing.kind === "cron" ? timing.cron : null,
    timeZone: timing.kind === "cron" ? timing.timeZone : null,
    everyMs: timing.kind === "every" ? timing.everyMs : null,
    at: timing.kind === "at" ? toTimestamp(timing.atMs) : null,
    nextAt: state === "active" ? toTimestamp(nextMs as number) : null,
    lastTick: last === undefined ? null : tickView(last),
  };
}

/** `shown`: its input without secrets. */
export function scheduleView(live: LiveSchedule, shown: ShownInput): Schedule {
  const { row, definition } = live;
  const { misfire, misfireMax, catchUpMs, overlap, jitterMs, priority, tags } = definition;
  return {
    ...summaryView(live),
    ...shown,
    cwd: definition.cwd ?? null,
    envNames: Object.keys(definition.env ?? {}),
    timeoutMs: definition.timeoutMs ?? null,
    queue: definition.queue ?? null,
    priority,
    tags,
    misfire,
    misfireMax,
    catchUpMs,
    overlap,
    jitterMs,
    createdAt: toTimestamp(row.createdAtMs),
    updatedAt: toTimestamp(row.updatedAtMs),
  };
}
