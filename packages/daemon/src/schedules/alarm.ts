/** The one timer of all schedules. It never sleeps long, because a clock can be set: each waking reads it anew. */
export interface Alarm {
  /** Replaces what was planned. Undefined: only look again after a while. */
  plan(inMs: number | undefined): void;
  close(): void;
}

/** How late a tick can be after the clock was set forward. */
const longestSleepMs = 30_000;

export function createAlarm(wake: () => void): Alarm {
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  return {
    plan(inMs) {
      clearTimeout(timer);
      if (!closed) timer = setTimeout(wake, Math.min(longestSleepMs, Math.max(0, inMs ?? longestSleepMs)));
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
