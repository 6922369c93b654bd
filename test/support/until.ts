/** Waits for a condition instead of for a time, and says what it last saw when the condition never comes true. */
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";

export interface UntilOptions {
  timeoutMs?: number;
  intervalMs?: number;
}

/**
 * Reads a state again and again until `accept` is true of it, and resolves to that state. A `read` that throws counts as not yet.
 * `what` completes the sentence "waited for …".
 */
export async function until<State>(
  what: string,
  read: () => State | Promise<State>,
  accept: (state: State) => boolean = Boolean,
  { timeoutMs = 10_000, intervalMs = 20 }: UntilOptions = {},
): Promise<State> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown = "nothing yet";
  for (;;) {
    try {
      const state = await read();
      if (accept(state)) return state;
      last = state;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      const seen = last instanceof Error ? `${last.name}: ${last.message}` : inspect(last, { depth: 5, breakLength: 140 });
      throw new Error(`waited ${timeoutMs} ms for ${what}; last seen: ${seen}`);
    }
    await sleep(intervalMs);
  }
}
