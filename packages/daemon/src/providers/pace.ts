/** How fast an instance answers: a mean for people, and a peak that rises at once and falls slowly for choosing between instances. */

/** How long a bad moment is remembered. From "peak EWMA" (https://linkerd.io/2016/03/16/beyond-round-robin-load-balancing-for-latency/). */
const memoryMs = 10_000;

export interface Pace {
  /** Smoothed milliseconds to the first answer; 0 before there is one. */
  meanMs: number;
  /** Smoothed milliseconds to the end. */
  durationMs: number;
  peakMs: number;
  peakAt: number;
}

export function createPace(): Pace {
  return { meanMs: 0, durationMs: 0, peakMs: 0, peakAt: 0 };
}

export function noteFirstAnswer(pace: Pace, tookMs: number, now: number): void {
  pace.meanMs = pace.meanMs === 0 ? tookMs : pace.meanMs * 0.9 + tookMs * 0.1;
  const kept = Math.exp((pace.peakAt - now) / memoryMs);
  pace.peakMs = tookMs > pace.peakMs * kept ? tookMs : pace.peakMs * kept + tookMs * (1 - kept);
  pace.peakAt = now;
}

export function noteEnd(pace: Pace, tookMs: number): void {
  pace.durationMs = pace.durationMs === 0 ? tookMs : pace.durationMs * 0.9 + tookMs * 0.1;
}

/** The peak as it is now: an instance that was slow and gets no more calls is forgiven in time. 0 when nothing was measured. */
export function peakNow(pace: Pace, now: number): number {
  return pace.peakMs === 0 ? 0 : pace.peakMs * Math.exp((pace.peakAt - now) / memoryMs);
}
