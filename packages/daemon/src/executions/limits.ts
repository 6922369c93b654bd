/** What may run at once: in each queue, of each command, and nothing of a queue that is paused. */
import { createTally } from "./tally.ts";

/** What the limits know of an execution. */
export interface Limited {
  readonly queue: string;
  readonly command: string;
}

export interface QueueLimits {
  maxConcurrent?: number | undefined;
  maxQueued?: number | undefined;
}

export interface Limits {
  /** True while it may not begin, whatever places are free. */
  holds(one: Limited): boolean;
  began(one: Limited): void;
  ended(one: Limited): void;
  running(queue: string): number;
  /** As its definition says now. Until it is known, one at a time may begin. */
  limitCommand(name: string, maxConcurrent: number | undefined): void;
  /** When it was paused; undefined when it is not. */
  pausedAtMs(queue: string): number | undefined;
  setPaused(queue: string, atMs: number | undefined): void;
}

export function createLimits(queues: ReadonlyMap<string, QueueLimits>): Limits {
  const inQueue = createTally();
  const ofCommand = createTally();
  const commandLimits = new Map<string, number>();
  const paused = new Map<string, number>();

  return {
    holds: ({ queue, command }) =>
      paused.has(queue) ||
      inQueue.of(queue) >= (queues.get(queue)?.maxConcurrent ?? Infinity) ||
      ofCommand.of(command) >= (commandLimits.get(command) ?? 1),
    began({ queue, command }) {
      inQueue.add(queue, 1);
      ofCommand.add(command, 1);
    },
    ended({ queue, command }) {
      inQueue.add(queue, -1);
      ofCommand.add(command, -1);
    },
    running: (queue) => inQueue.of(queue),
    limitCommand: (name, maxConcurrent) => void commandLimits.set(name, maxConcurrent ?? Infinity),
    pausedAtMs: (queue) => paused.get(queue),
    setPaused(queue, atMs) {
      if (atMs === undefined) paused.delete(queue);
      else paused.set(queue, atMs);
    },
  };
}
