/** A moment, past or to come, told relative to now and exactly on hover. All of them tick together. */
import { useSyncExternalStore } from "react";

import { formatAgo, formatAhead, formatLasting } from "./format.ts";

const tickMs = 5_000;
const listeners = new Set<() => void>();
let nowMs = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  nowMs = Date.now();
  timer ??= setInterval(() => {
    nowMs = Date.now();
    for (const each of listeners) each();
  }, tickMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function useNow(): number {
  return useSyncExternalStore(subscribe, () => nowMs);
}

export function Ago({ time }: { time: string }) {
  const now = useNow();
  return (
    <time dateTime={time} title={new Date(time).toLocaleString()} className="number">
      {formatAgo(time, now)}
    </time>
  );
}

/** How long something has been so. */
export function Lasting({ since }: { since: string }) {
  const now = useNow();
  return (
    <time dateTime={since} title={new Date(since).toLocaleString()} className="number">
      {formatLasting(since, now)}
    </time>
  );
}

export function Ahead({ time }: { time: string }) {
  const now = useNow();
  return (
    <time dateTime={time} title={new Date(time).toLocaleString()} className="number">
      {formatAhead(time, now)}
    </time>
  );
}
