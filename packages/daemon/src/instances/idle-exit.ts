/** Ends a daemon that was started on demand when nobody has needed it for long enough. */
import type { Clock } from "../core/clock.ts";

export interface IdleExitOptions {
  /** 0: never. May change at any time. */
  afterMs(): number;
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
/** So that a span that is made shorter is noticed. */
const longestLookMs = 60_000;

export function createIdleExit({ afterMs, busy, exit, clock }: IdleExitOptions): IdleExit {
  let sinceMs = clock.monotonic();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const touch = () => void (sinceMs = clock.monotonic());
  const look = async () => {
    if (await busy()) touch();
    if (closed) return;
    if (afterMs() > 0 && clock.monotonic() - sinceMs >= afterMs()) exit();
    else plan();
  };
  const plan = () => {
    const soonMs = Math.max(10, Math.min(longestLookMs, afterMs() === 0 ? longestLookMs : afterMs() / looksPerSpan));
    timer = setTimeout(() => void look().catch(retry), soonMs).unref();
  };
  const retry = () => {
    touch();
    if (!closed) plan();
  };
  plan();
  return {
    touch,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
