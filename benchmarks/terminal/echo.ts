/** The time from a keystroke to its echo in a terminal that only echoes. */
import { percentile } from "../harness.ts";
import type { Terminal } from "./contenders.ts";

/** Types one key at a time into a terminal and waits for the echo of each; one call is one round. */
export function createEcho(terminal: Terminal, keysPerRound = 500): () => Promise<Record<string, number>> {
  let arrived: () => void = () => {};
  terminal.onOutput(() => arrived());
  return () => echo(terminal, keysPerRound, (listener) => (arrived = listener));
}

async function echo(terminal: Terminal, keysPerRound: number, onArrival: (listener: () => void) => void): Promise<Record<string, number>> {
  const taken: number[] = [];
  for (let index = 0; index < keysPerRound; index += 1) {
    const begin = performance.now();
    await new Promise<void>((resolve) => {
      onArrival(resolve);
      // A terminal in line mode takes 4,095 characters: now and then the line is ended, which echoes as well.
      terminal.type(index % 80 === 79 ? "\u0015" : "x");
    });
    taken.push(performance.now() - begin);
  }
  return { p50Ms: percentile(taken, 0.5), p95Ms: percentile(taken, 0.95), p99Ms: percentile(taken, 0.99) };
}
