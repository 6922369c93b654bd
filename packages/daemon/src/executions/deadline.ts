/** A timer for durations beyond what setTimeout can hold (24.8 days; above that it fires at once). */
const longestTimerMs = 2 ** 31 - 1;

/** Calls `expire` after `durationMs`; returns what cancels it. */
export function startDeadline(durationMs: number, expire: () => void): () => void {
  let timer: NodeJS.Timeout;
  const arm = (leftMs: number) => {
    const stepMs = Math.min(leftMs, longestTimerMs);
    timer = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : expire()), stepMs);
  };
  arm(durationMs);
  return () => clearTimeout(timer);
}
