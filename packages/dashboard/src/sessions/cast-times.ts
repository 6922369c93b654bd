/** When each event of a recording is shown, if nobody has to wait longer than a limit. */
import type { CastEvent } from "@gantry/contract/cast";

export interface CastTimes {
  /** Of each event, from the start; never falls. */
  atMs: number[];
  totalMs: number;
}

export function castTimes(events: readonly Pick<CastEvent, "afterMs">[], idleLimitMs: number): CastTimes {
  let totalMs = 0;
  const atMs = events.map(({ afterMs }) => (totalMs += Math.min(afterMs, idleLimitMs)));
  return { atMs, totalMs };
}

/** How many events have been shown at this time. */
export function eventsShown({ atMs }: CastTimes, positionMs: number): number {
  let low = 0;
  let high = atMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((atMs[middle] as number) <= positionMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The same moment of the recording under another limit: as far behind the same event, as far as there is room. */
export function movePosition(from: CastTimes, to: CastTimes, positionMs: number): number {
  const shown = eventsShown(from, positionMs);
  const behindMs = positionMs - (from.atMs[shown - 1] ?? 0);
  const next = to.atMs[shown] ?? to.totalMs;
  return Math.min(next, (to.atMs[shown - 1] ?? 0) + behindMs);
}
