/** Which of the ticks that have come due are run, and which have been missed. Pure. */
import type { MisfirePolicy } from "@gantry/contract";

/** A tick is on time within this: a busy moment of the machine is no misfire. */
export const onTimeMs = 5000;

export interface MisfireRule {
  misfire: MisfirePolicy;
  /** Of `all`. */
  misfireMax: number;
  catchUpMs: number;
}

/** How late a tick may be and still run. */
export function windowMs({ misfire, catchUpMs }: MisfireRule): number {
  return misfire === "skip" ? onTimeMs : Math.max(onTimeMs, catchUpMs);
}

export function mostRun({ misfire, misfireMax }: MisfireRule): number {
  return misfire === "all" ? misfireMax : 1;
}

/** `dueMs` rises. Every one of it is in exactly one of the answers, in the same order. */
export function selectTicks(dueMs: readonly number[], nowMs: number, rule: MisfireRule): { run: number[]; missed: number[] } {
  const inTime = dueMs.filter((tickMs) => nowMs - tickMs <= windowMs(rule));
  const run = inTime.slice(-mostRun(rule));
  return { run, missed: dueMs.slice(0, dueMs.length - run.length) };
}
