/** How long to wait before a provider that ended is started again: growing, bounded, and never the same for all. */

const firstDelayMs = 1_000;
const maxDelayMs = 60_000;
/** An instance that ran this long was well: its next end begins a new series. */
export const wellAfterMs = 30_000;

/** `failures` counts the ends in a row, from 1. Half to all of the doubled delay, so that many do not start in step. */
export function backoffMs(failures: number, random: () => number): number {
  const full = Math.min(maxDelayMs, firstDelayMs * 2 ** Math.min(30, failures - 1));
  return Math.round(full * (0.5 + random() / 2));
}
