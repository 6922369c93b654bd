/** An execution that has not ended yet, as this daemon holds it: its row, its output, and who is watching. */
import { type CommandKind, type ExecutionError, type ExecutionState, outputLimitBytes } from "@gantry/contract";

import type { RunningAttempt } from "./engine.ts";
import type { Limited } from "./limits.ts";
import { LiveOutput } from "./live-output.ts";
import type { Waiting } from "./ready-queue.ts";
import { parsePolicy, type RepeatPolicy, type Spent } from "./repeat.ts";
import type { ExecutionRow } from "./store.ts";

export interface Progress {
  done: number;
  total: number | null;
  text: string;
}

/** An attempt that was not the last one. */
export interface Retrying {
  attempt: number;
  state: ExecutionState;
  error: ExecutionError;
  delayMs: number;
  dueAt: string;
  /** Where its output ends. */
  offset: number;
}

/** What a command needs to be run; found again by name for executions that were queued by an earlier daemon. */
export type Target =
  | { kind: "function"; file: string }
  | { kind: "program"; argv: readonly string[]; env: Readonly<Record<string, string>> };

export interface LiveExecution extends Waiting, Limited {
  /** Always what the store has or is about to have. */
  row: ExecutionRow;
  readonly policy: RepeatPolicy;
  spent: Spent;
  /** Those that this daemon has seen. */
  readonly retryings: Retrying[];
  /** Of the attempt that runs, or the last one. */
  attemptStartedAtMs: number;
  /** Since when nothing but limits, pauses, and others before it has kept it waiting. */
  readyAtMs: number;
  readonly logFile: string;
  readonly output: LiveOutput;
  /** False for a program that nobody watches: then only its log file has the output. */
  readonly hasOutput: boolean;
  target: Target | undefined;
  input: Record<string, unknown>;
  /** What the caller added. */
  env: Readonly<Record<string, string>>;
  /** Values of the input that must not turn up anywhere. */
  secrets: readonly string[];
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
  /** The row's own unless given: another when that one exists no more. */
  queue?: string;
  input: Record<string, unknown>;
  env?: Readonly<Record<string, string>>;
  secrets?: readonly string[];
  target: Target | undefined;
  outputsDirectory: string;
  hasOutput: boolean;
}

export function logFileOf(outputsDirectory: string, executionId: string): string {
  return `${outputsDirectory}/${executionId}.log`;
}

export function createLiveExecution(options: LiveExecutionOptions): LiveExecution {
  const { row, input, env = {}, secrets = [], target, outputsDirectory, hasOutput } = options;
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const logFile = logFileOf(outputsDirectory, row.id);
  const queue = options.queue ?? row.queue;
  const live: LiveExecution = {
    id: row.id,
    priority: row.priority,
    queue,
    command: row.command,
    lane: laneOf(queue, row),
    row,
    policy: parsePolicy(row.policy),
    spent: { retries: 0, interruptions: 0 },
    retryings: [],
    attemptStartedAtMs: row.startedAtMs ?? row.createdAtMs,
    readyAtMs: row.createdAtMs,
    logFile,
    output: new LiveOutput({ logFile, keepBytes: outputLimitBytes, flushed: async () => live.running?.flushed() }),
    hasOutput,
    target,
    input,
    env,
    secrets,
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

function laneOf(queue: string, { command, kind }: ExecutionRow): string {
  return `${queue} ${command} ${kind}`;
}

/** Only of one that nobody counts in its queue at the moment. */
export function changeQueue(live: LiveExecution, queue: string): void {
  Object.assign(live, { queue, lane: laneOf(queue, live.row) });
}

/** As events tell of it. */
export function brief({ row }: LiveExecution) {
  return {
    executionId: row.id,
    command: row.command,
    kind: row.kind as CommandKind,
    state: row.state as ExecutionState,
    owner: row.owner,
    attempt: row.attempt,
  };
}

/** Wakes everybody who waits for news of it. */
export function notify({ watchers }: LiveExecution): void {
  for (const watcher of watchers) watcher();
}
