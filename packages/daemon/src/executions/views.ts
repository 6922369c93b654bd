/** Shows rows of the store in the shapes of the contract. */
import type { Attempt, CommandKind, Execution, ExecutionError, ExecutionResult, ExecutionState, ExecutionSummary } from "@gantry/contract";

import { toTimestamp } from "../core/clock.ts";
import type { ListedRow } from "./listing/store.ts";
import type { OutputPiece } from "./live-output.ts";
import { parsePolicy } from "./repeat.ts";
import { isFinal } from "./state.ts";
import type { AttemptRow, ExecutionRow } from "./store.ts";

const parse = (text: string | null): unknown => (text === null ? null : JSON.parse(text));
const time = (epochMs: number | null) => (epochMs === null ? null : toTimestamp(epochMs));
const span = (fromMs: number | null, toMs: number | null) => (fromMs === null || toMs === null ? null : Math.max(0, toMs - fromMs));

function outcomeView(row: ListedRow) {
  const state = row.state as ExecutionState;
  return {
    executionId: row.id,
    state,
    success: isFinal(state) ? state === "succeeded" : null,
    error: parse(row.error) as ExecutionError | null,
    exitCode: row.exitCode,
    signal: row.signal,
    durationMs: span(row.startedAtMs, row.endedAtMs),
    queuedMs: span(row.createdAtMs, row.startedAtMs ?? row.endedAtMs),
    cached: false,
    attempt: row.attempt,
  };
}

export function summaryView(row: ListedRow): ExecutionSummary {
  return {
    ...outcomeView(row),
    command: row.command,
    kind: row.kind as CommandKind,
    queue: row.queue,
    priority: row.priority,
    tags: JSON.parse(row.tags) as string[],
    cwd: row.cwd,
    owner: row.owner,
    timeoutMs: row.timeoutMs,
    retries: parsePolicy(row.policy).retries,
    retryOf: row.retryOf,
    createdAt: toTimestamp(row.createdAtMs),
    dueAt: time(row.dueAtMs),
    expiresAt: time(row.expiresAtMs),
    startedAt: time(row.startedAtMs),
    endedAt: time(row.endedAtMs),
    outputBytes: row.outputBytes,
  };
}

export function executionView(row: ExecutionRow, attempts: readonly AttemptRow[]): Omit<Execution, "outputDroppedBytes"> {
  return {
    ...summaryView(row),
    input: JSON.parse(row.input) as Record<string, unknown>,
    result: parse(row.result),
    attempts: attempts.map(attemptView),
    leftovers: (parse(row.leftovers) as Execution["leftovers"] | null) ?? [],
  };
}

function attemptView(row: AttemptRow): Attempt {
  return {
    attempt: row.attempt,
    state: row.state as ExecutionState,
    startedAt: toTimestamp(row.startedAtMs),
    endedAt: time(row.endedAtMs),
    exitCode: row.exitCode,
    signal: row.signal,
    error: parse(row.error) as ExecutionError | null,
  };
}

export function resultView(row: ExecutionRow, tail: { text: string; truncated: boolean }): ExecutionResult {
  return {
    ...outcomeView(row),
    result: parse(row.result),
    output: tail.text,
    outputBytes: row.outputBytes,
    outputTruncated: tail.truncated,
    cacheAgeMs: null,
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function outputView({ stream, offset, timeMs, data }: OutputPiece) {
  const facts = {
    type: "output" as const,
    stream: stream === 1 ? ("stdout" as const) : ("stderr" as const),
    offset,
    nextOffset: offset + data.length,
    time: toTimestamp(timeMs),
  };
  try {
    return { ...facts, text: utf8.decode(data) };
  } catch {
    return { ...facts, base64: data.toString("base64") };
  }
}
