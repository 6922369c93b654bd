/** Ends a daemon that was started on demand when nobody has needed it for long enough. */
import type { Clock } from "../core/clock.ts";

export interface IdleExitOptions {
  afterMs: number;
  /** What must not be ended: work that runs, waits, or is scheduled, live sessions, connected providers and subscribers. */
  busy(): Promise<boolean>;
  exit(): void;
  clock: Clock;
}

export interface IdleExit {
  /** Somebody has asked for something. */
  touch(): void;
  close(): void;
}

/** Late by no more than a tenth of the time allowed. */
const looksPerSpan = 10;

export function createIdleExit({ afterMs, busy, exit, clock }: IdleExitOptions): IdleExit {
  let sinceMs = clock.monotonic();
  const touch = () => void (sinceMs = clock.monotonic());
  const look = async () => {
    if (await busy()) touch();
    if (clock.monotonic() - sinceMs >= afterMs) {
      clearInterval(timer);
      exit();
    }
  };
  const timer = setInterval(() => void look().catch(touch), Math.max(10, afterMs / looksPerSpan));
  timer.unref();
  return { touch, close: () => clearInterval(timer) };
}
