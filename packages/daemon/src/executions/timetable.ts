/** Holds what may not begin yet until it may, and ends what has waited for its first attempt too long. */
import type { Clock } from "../core/clock.ts";
import { startDeadline } from "./deadline.ts";
import type { LiveExecution } from "./live-execution.ts";
import { createTally } from "./tally.ts";

export interface TimetableOptions {
  clock: Clock;
  /** Its time has come. */
  due(live: LiveExecution): void;
  /** It has not begun in time; it may have in this very moment. */
  expired(live: LiveExecution): void;
}

export interface Timetable {
  readonly waiting: number;
  waitingIn(queue: string): number;
  /** Until its `dueAtMs`. */
  hold(live: LiveExecution): void;
  /** In no order. */
  held(): Iterable<LiveExecution>;
  /** True when it was held. */
  remove(live: LiveExecution): boolean;
  /** Until its `expiresAtMs`, if it has one and no attempt was made. */
  watch(live: LiveExecution): void;
  /** It begins or has ended: it cannot expire any more. */
  unwatch(live: LiveExecution): void;
  /** What is held stays as it is, for the next daemon. */
  close(): void;
}

export function createTimetable({ clock, due, expired }: TimetableOptions): Timetable {
  const held = new Map<LiveExecution, () => void>();
  const watched = new Map<LiveExecution, () => void>();
  const inQueue = createTally();
  let closed = false;

  const remove = (live: LiveExecution) => {
    const stop = held.get(live);
    if (stop === undefined) return false;
    stop();
    held.delete(live);
    inQueue.add(live.queue, -1);
    return true;
  };
  const unwatch = (live: LiveExecution) => {
    watched.get(live)?.();
    watched.delete(live);
  };
  const leftMs = (atMs: number | null) => Math.max(0, (atMs ?? 0) - clock.now());

  return {
    get waiting() {
      return held.size;
    },
    waitingIn: (queue) => inQueue.of(queue),
    hold(live) {
      if (closed) return;
      inQueue.add(live.queue, 1);
      const stop = startDeadline(leftMs(live.row.dueAtMs), () => {
        remove(live);
        due(live);
      });
      held.set(live, stop);
    },
    held: () => held.keys(),
    remove,
    watch(live) {
      const { expiresAtMs, attempt } = live.row;
      if (closed || expiresAtMs === null || attempt > 0) return;
      const stop = startDeadline(leftMs(expiresAtMs), () => {
        unwatch(live);
        expired(live);
      });
      watched.set(live, stop);
    },
    unwatch,
    close() {
      closed = true;
      for (const stop of [...held.values(), ...watched.values()]) stop();
    },
  };
}
