/** A schedule as this daemon holds it: its row, its ticks to come, and what is under way of it. */
import type { CreateScheduleInput } from "@gantry/contract";

import type { ScheduleRow, TickRow } from "./store.ts";
import { parseTiming, type Ticks, ticksOf, type Timing } from "./timing.ts";

/** What a schedule is told to do, without its name. */
export type Definition = Omit<CreateScheduleInput, "name" | "paused">;

export interface LiveSchedule {
  row: ScheduleRow;
  definition: Definition;
  timing: Timing;
  ticks: Ticks;
  /** The next tick that has not been dealt with; undefined when it is over. */
  nextMs: number | undefined;
  last: TickRow | undefined;
  /** Promised or running. */
  active: Set<TickRow>;
  /** Waits until nothing of this schedule runs. */
  held: TickRow | undefined;
}

/** Throws invalidArgument. */
export function createLiveSchedule(row: ScheduleRow, last: TickRow | undefined): LiveSchedule {
  const definition = JSON.parse(row.definition) as Definition;
  const timing = parseTiming(definition, row.anchorMs);
  const ticks = ticksOf(timing);
  return { row, definition, timing, ticks, nextMs: ticks.next(row.cursorMs), last, active: new Set(), held: undefined };
}

/** After a change of what it is told. What is under way stays as it is. */
export function redefine(live: LiveSchedule, row: ScheduleRow): void {
  const { definition, timing, ticks, nextMs } = createLiveSchedule(row, live.last);
  Object.assign(live, { row, definition, timing, ticks, nextMs });
}
