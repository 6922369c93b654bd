/** Lets what runs come to its end before the daemon does, as long as there is time. */
import type { Attempts } from "./attempts.ts";

export interface DrainOptions {
  drainTimeoutMs: number;
  /** Programs go on without a daemon. */
  keepPrograms: boolean;
  /** Ends the waiting at once. */
  hasten: AbortSignal;
}

/** Resolves when no attempt is under way any more but those of programs that are kept; what took too long was interrupted. */
export async function drain(underWay: Attempts["underWay"], { drainTimeoutMs, keepPrograms, hasten }: DrainOptions): Promise<void> {
  const awaited = () => [...underWay.values()].filter(({ live: { row } }) => row.kind === "function" || !keepPrograms);
  const allEnded = () => Promise.all(awaited().map(({ over }) => over));
  const time = Promise.withResolvers<void>();
  const timeout = setTimeout(time.resolve, drainTimeoutMs);
  hasten.addEventListener("abort", () => time.resolve(), { once: true });
  if (hasten.aborted) time.resolve();
  await Promise.race([allEnded(), time.promise]);
  clearTimeout(timeout);
  for (const { live } of awaited()) live.running?.stop("interrupted");
  await allEnded();
}
