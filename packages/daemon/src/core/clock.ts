/** The one source of time, so that tests can own it. */
export interface Clock {
  /** Milliseconds since the epoch; for what is stored or shown. */
  now(): number;
  /** Milliseconds from an arbitrary start, never stepping back; for durations and deadlines. */
  monotonic(): number;
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

export function toTimestamp(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
