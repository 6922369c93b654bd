/** How the state of a queue is written. */
import type { Queue } from "@gantry/contract";
import pc from "picocolors";

export function queueState({ paused }: Queue): string {
  return paused ? "paused" : "active";
}

export function paintQueueState(text: string, { paused }: Queue): string {
  return paused ? pc.yellow(text) : text;
}
