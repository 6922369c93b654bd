/** The typed shape of every table; each room's store.ts is the only writer of its rows. Times are epoch milliseconds. */
import type { BatchItemState, BatchState, PromptState, SessionMode, SessionState, TickState } from "@gantry/contract";

export interface KeysTable {
  id: string;
  name: string;
  role: string;
  /** SHA-256 of the whole key, hex. The key itself is stored nowhere but in the file of its owner. */
  digest: string;
  /** JSON array of provider names this key may register; null for any. */
  providerNames: string | null;
  createdAtMs: number;
  createdBy: string;
  expiresAtMs: number | null;
  lastUsedAtMs: number | null;
  revokedAtMs: number | null;
}

export interface LoginsTable {
  id: string;
  role: string;
  /** SHA-256 of the cookie's secret, hex. */
  digest: string;
  /** SHA-256 of the secret that the page's scripts send, hex. */
  csrfDigest: string;
  /** As it called itself. */
  browser: string;
  createdAtMs: number;
  expiresAtMs: number;
  lastUsedAtMs: number | null;
}

export interface ExecutionsTable {
  id: string;
  command: string;
  kind: string;
  state: string;
  owner: string;
  priority: number;
  /** JSON array of strings. */
  tags: string;
  /** JSON object; secret values are concealed. */
  input: string;
  /** The true input, sealed, when any of it is secret; null once it has ended. */
  sealedInput: string | null;
  /** Of the true input, when any of it is secret. */
  inputDigest: string | null;
  cwd: string;
  /** JSON object of what the caller added, sealed; null once it has ended, because it may hold secrets. */
  env: string | null;
  timeoutMs: number;
  attempt: number;
  createdAtMs: number;
  startedAtMs: number | null;
  endedAtMs: number | null;
  /** JSON of what a function returned. */
  result: string | null;
  /** JSON of an ExecutionError. */
  error: string | null;
  exitCode: number | null;
  signal: string | null;
  outputBytes: number;
  /** JSON of the ProcessIdentity of the worker that runs the latest attempt of a function; null for programs. */
  worker: string | null;
  /** The owner's own name for the request. */
  idempotencyKey: string | null;
  queue: string;
  /** JSON of the RepeatPolicy; null when it is run once. */
  policy: string | null;
  /** Not before: a start that was asked for later, or the next attempt. */
  dueAtMs: number | null;
  /** One that has not begun by then never does. */
  expiresAtMs: number | null;
  /** The execution that this one does again. */
  retryOf: string | null;
  /** JSON array of processes that were left behind when it ended; null when there were none. */
  leftovers: string | null;
}

/** Those that are not here are not paused. */
export interface PausedQueuesTable {
  name: string;
  pausedAtMs: number;
}

/** Attempts that have ended; the one that runs is told by its execution's row. */
export interface AttemptsTable {
  executionId: string;
  attempt: number;
  state: string;
  startedAtMs: number;
  endedAtMs: number | null;
  exitCode: number | null;
  signal: string | null;
  error: string | null;
  /** JSON of the ProcessIdentity of the worker that ran a function; null for programs. */
  worker: string | null;
}

export interface CachedResultsTable {
  /** HMAC of everything that the result depends on. */
  key: string;
  command: string;
  /** The execution that made it; it may have left the history. */
  executionId: string;
  createdAtMs: number;
  expiresAtMs: number;
  usedAtMs: number;
  /** What it takes. */
  bytes: number;
  /** JSON of what a function returned; null for programs. */
  result: string | null;
  /** JSON array of [stream, base64]. */
  output: string;
  outputBytes: number;
  durationMs: number;
}

export interface SessionsTable {
  id: string;
  name: string | null;
  profile: string | null;
  mode: SessionMode;
  state: SessionState;
  /** JSON array of strings. */
  argv: string;
  cwd: string;
  cols: number;
  rows: number;
  pid: number | null;
  title: string;
  /** JSON array of strings. */
  tags: string;
  owner: string;
  outputBytes: number;
  exitCode: number | null;
  signal: string | null;
  endReason: string | null;
  createdAtMs: number;
  lastActivityMs: number;
  /** When it was last seen viewed or at work; 0: never. */
  lastUsedMs: number;
  recording: 0 | 1;
  endedAtMs: number | null;
  /** JSON of an AgentRecord; null when its program is not watched. */
  agent: string | null;
}

export interface PromptsTable {
  id: string;
  sessionId: string;
  owner: string;
  state: PromptState;
  text: string;
  createdAtMs: number;
  submittedAtMs: number | null;
  endedAtMs: number | null;
  error: string | null;
  /** What was printed in answer, once it has ended. */
  output: string | null;
}

export interface SchedulesTable {
  id: string;
  name: string;
  source: "configuration" | "api";
  owner: string;
  paused: 0 | 1;
  /** JSON of what to run, when, and by which policies. */
  definition: string;
  /** What an interval counts from. */
  anchorMs: number;
  /** Ticks up to this time have been dealt with. */
  cursorMs: number;
  createdAtMs: number;
  updatedAtMs: number;
}

export interface TicksTable {
  scheduleId: string;
  scheduledAtMs: number;
  /** 0: triggered by hand. */
  onSchedule: 0 | 1;
  state: TickState;
  /** With its jitter. */
  dueAtMs: number;
  /** Chosen and stored before the execution is submitted under it. */
  executionId: string | null;
  /** JSON of an ExecutionError. */
  error: string | null;
  endedAtMs: number | null;
}

export interface BatchesTable {
  id: string;
  name: string | null;
  owner: string;
  state: BatchState;
  concurrency: number;
  stopOnError: 0 | 1;
  cancelRequested: 0 | 1;
  /** JSON of BatchCounts; true once it has ended. */
  counts: string;
  createdAtMs: number;
  endedAtMs: number | null;
}

export interface BatchItemsTable {
  batchId: string;
  position: number;
  itemId: string;
  command: string;
  /** JSON array of itemIds. */
  needs: string;
  /** JSON of what to run; null once it has ended, because it may hold secrets. */
  request: string | null;
  state: BatchItemState;
  /** Chosen and stored before the execution is submitted under it. */
  executionId: string | null;
  /** JSON of an ExecutionError. */
  error: string | null;
  endedAtMs: number | null;
  /** From 0, in the order of ending. */
  endOrder: number | null;
}

export interface Tables {
  prompts: PromptsTable;
  batches: BatchesTable;
  batchItems: BatchItemsTable;
  schedules: SchedulesTable;
  ticks: TicksTable;
  sessions: SessionsTable;
  keys: KeysTable;
  logins: LoginsTable;
  executions: ExecutionsTable;
  pausedQueues: PausedQueuesTable;
  attempts: AttemptsTable;
  cachedResults: CachedResultsTable;
}
