/** What the two engines have in common: one attempt of one execution, seen from the service. */
import type { AttemptOutcome } from "./state.ts";

export interface AttemptJob {
  executionId: string;
  attempt: number;
  cwd: string;
  /** What the caller added to the environment. */
  env: Readonly<Record<string, string>>;
  timeoutMs: number;
  logFile: string;
  /** Beyond it only the last of the output is kept. */
  logLimitBytes: number;
  onOutput(piece: { stream: 1 | 2; offset: number; timeMs: number; data: Buffer }): void;
  onProgress(done: number, total: number | null, text: string): void;
}

export interface RunningAttempt {
  /** Never rejects. Settles when the process is gone (or the worker free again) and the last byte of output has been delivered. */
  readonly outcome: Promise<AttemptOutcome>;
  /** Abort signal where there is code to hear it, then TERM, then KILL, to the whole process group. The first reason counts. */
  stop(reason: "cancelled" | "interrupted"): void;
  /** Settles when all output so far is in the log file. */
  flushed(): Promise<void>;
}

/** After the abort signal: long enough to close a connection, short enough that Ctrl-C feels obeyed. */
export const abortGraceMs = 2000;
/** Between TERM and KILL. */
export const termGraceMs = 3000;
