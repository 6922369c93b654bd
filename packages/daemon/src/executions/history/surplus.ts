/** Decides what has to go when history is larger than it may be. Pure. */
import type { Outcome } from "./store.ts";

export interface Tally {
  count: number;
  bytes: number;
}

export type Tallies = Record<Outcome, Tally>;

export interface SizeLimits {
  maxCount: number;
  maxBytes: number;
}

/**
 * Whose oldest execution goes next; undefined when all fits. Successes go first, because a failure is what people come back for, but only as
 * long as they fill more than half of the limit: a storm of failures must not leave room for nothing else.
 */
export function surplusOf({ succeeded, failed }: Tallies, { maxCount, maxBytes }: SizeLimits): Outcome | undefined {
  const isOver = (measure: keyof Tally, limit: number) => succeeded[measure] + failed[measure] > limit;
  const measure = isOver("count", maxCount) ? "count" : isOver("bytes", maxBytes) ? "bytes" : undefined;
  if (measure === undefined) return undefined;
  const half = (measure === "count" ? maxCount : maxBytes) / 2;
  if (failed.count === 0) return "succeeded";
  return succeeded.count > 0 && succeeded[measure] > half ? "succeeded" : "failed";
}
