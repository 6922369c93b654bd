/** An execution that has not ended yet, as this daemon holds it: its row, its output, and who is watching. */
import { join } from "node:path";

import { outputLimitBytes } from "@gantry/contract";

import type { RunningAttempt } from "./engine.ts";
import { createLiveOutput, type LiveOutput } from "./live-output.ts";
import type { Waiting } from "./ready-queue.ts";
import type { ExecutionRow } from "./store.ts";

export interface Progress {
  done: number;
  total: number | null;
  text: string;
}

/** What a command needs to be run; found again by name for executions that were queued by an earlier daemon. */
export type Target =
  | { kind: "function"; file: string }
  | { kind: "program"; argv: readonly string[]; env: Readonly<Record<string, string>> };

export interface LiveExecution extends Waiting {
  /** Always what the store has or is about to have. */
  row: ExecutionRow;
  readonly logFile: string;
  readonly output: LiveOutput;
  /** False for a program that nobody watches: then only its log file has the output. */
  readonly hasOutput: boolean;
  target: Target | undefined;
  input: Record<string, unknown>;
  running: RunningAttempt | undefined;
  progress: Progress | undefined;
  /** Asked for before there was a process to stop. */
  cancelRequested: boolean;
  /** Callers whose going away cancels it. */
  foregroundCallers: number;
  /** Settles when the outcome is in the row and stored. */
  readonly ended: Promise<void>;
  readonly end: () => void;
  readonly watchers: Set<() => void>;
}

export interface LiveExecutionOptions {
  row: ExecutionRow;
  input: Record<string, unknown>;
  target: Target | undefined;
  outputsDirectory: string;
  hasOutput: boolean;
}

export function logFileOf(outputsDirectory: string, executionId: string): string {
  return join(outputsDirectory, `${executionId}.log`);
}

export function createLiveExecution({ row, input, target, outputsDirectory, hasOutput }: LiveExecutionOptions): LiveExecution {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const logFile = logFileOf(outputsDirectory, row.id);
  const live: LiveExecution = {
    id: row.id,
    priority: row.priority,
    lane: row.kind,
    row,
    logFile,
    output: createLiveOutput({ logFile, keepBytes: outputLimitBytes, flushed: async () => live.running?.flushed() }),
    hasOutput,
    target,
    input,
    running: undefined,
    progress: undefined,
    cancelRequested: false,
    foregroundCallers: 0,
    ended,
    end,
    watchers: new Set(),
  };
  return live;
}

/** Wakes everybody who waits for news of it. */
export function notify({ watchers }: LiveExecution): void {
  for (const watcher of watchers) watcher();
}
