/** Tells a caller of one execution what happens, from its acceptance to its result, at the caller's own speed. */
import type { ExecuteEvent, ExecutionState, OutputEvent } from "@gantry/contract";

import { followOutputLog, readOutputLog } from "../core/output-log.ts";
import type { LiveExecution, Retrying } from "./live-execution.ts";
import { loadOutput } from "./load-output.ts";
import { isFinal } from "./state.ts";
import { outputView, resultView } from "./views.ts";

/** Resolves at the next news or when the signal aborts. */
function news(live: LiveExecution, signal: AbortSignal): { promise: Promise<void>; forget: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = () => resolve();
  live.watchers.add(wake);
  signal.addEventListener("abort", wake);
  return {
    promise,
    forget() {
      live.watchers.delete(wake);
      signal.removeEventListener("abort", wake);
    },
  };
}

/** Ends early and silently when the signal aborts: nobody is there any more. */
export async function* executeEvents(live: LiveExecution, signal: AbortSignal): AsyncGenerator<ExecuteEvent> {
  const executionId = live.id;
  yield { type: "accepted", executionId, state: live.row.state as ExecutionState };
  let state = live.row.state;
  let progress = live.progress;
  let offset = 0;
  let retried = 0;
  while (!signal.aborted) {
    const wait = news(live, signal);
    try {
      const row = live.row;
      const ended = isFinal(row.state as ExecutionState);
      if (row.state !== state && !ended) {
        state = row.state;
        yield { type: "state", executionId, state: row.state as ExecutionState, attempt: row.attempt };
      }
      if (live.progress !== undefined && live.progress !== progress) {
        progress = live.progress;
        yield { type: "progress", ...progress };
      }
      // Started unwatched, by a detached request that this caller has joined.
      if (ended && !live.hasOutput) await loadOutput(live);
      for await (const piece of live.output.take(offset)) {
        // Attempts are told of in their place among the output.
        for (; retryingAt(live, retried, piece.offset); retried += 1) yield retryingView(live, retried);
        offset = piece.offset + piece.data.length;
        yield outputView(piece);
      }
      for (; retryingAt(live, retried, offset); retried += 1) yield retryingView(live, retried);
      if (ended && offset >= live.output.endOffset) {
        yield { type: "result", result: resultView(row, live.output.tail()) };
        return;
      }
      if (row === live.row && live.progress === progress && offset >= live.output.endOffset) await wait.promise;
    } finally {
      wait.forget();
    }
  }
}

function retryingAt({ retryings }: LiveExecution, index: number, offset: number): boolean {
  const retrying = retryings[index];
  return retrying !== undefined && retrying.offset <= offset;
}

function retryingView({ id: executionId, retryings }: LiveExecution, index: number): ExecuteEvent {
  const { offset: _, ...retrying } = retryings[index] as Retrying;
  return { type: "retrying", executionId, ...retrying };
}

export interface FollowOutputOptions {
  live: LiveExecution | undefined;
  logFile: string;
  since: number;
  stream: "stdout" | "stderr" | undefined;
  follow: boolean;
  signal: AbortSignal;
  /** The state now; asked again when a live execution has ended. */
  currentState(): Promise<ExecutionState>;
}

export async function* outputEvents({
  live,
  logFile,
  since,
  stream,
  follow,
  signal,
  currentState,
}: FollowOutputOptions): AsyncGenerator<OutputEvent> {
  let offset = since;
  const wanted = stream === undefined ? [1, 2] : [stream === "stdout" ? 1 : 2];
  if (live?.hasOutput === true) {
    while (!signal.aborted) {
      const wait = news(live, signal);
      try {
        const ended = !follow || isFinal(live.row.state as ExecutionState);
        for await (const piece of live.output.take(offset)) {
          offset = piece.offset + piece.data.length;
          if (wanted.includes(piece.stream)) yield outputView(piece);
        }
        if (ended && (!follow || offset >= live.output.endOffset)) break;
        if (!isFinal(live.row.state as ExecutionState) && offset >= live.output.endOffset) await wait.promise;
      } finally {
        wait.forget();
      }
    }
  } else {
    const isClosed = () => !follow || live === undefined || isFinal(live.row.state as ExecutionState);
    for await (const record of followOutputLog(logFile, { since, signal, isClosed })) {
      offset = record.offset + record.data.length;
      if (record.stream !== 3 && wanted.includes(record.stream)) yield outputView({ ...record, stream: record.stream });
    }
  }
  if (!signal.aborted) yield { type: "end", state: await currentState(), nextOffset: offset };
}

/** All output so far as text. */
export async function outputText(logFile: string, since: number, stream: "stdout" | "stderr" | undefined): Promise<string> {
  const wanted = stream === undefined ? [1, 2] : [stream === "stdout" ? 1 : 2];
  const parts: Buffer[] = [];
  for await (const record of readOutputLog(logFile, { since })) if (wanted.includes(record.stream)) parts.push(record.data);
  return Buffer.concat(parts).toString();
}
