/** What of a successful execution is kept in the cache, and how it is told again. */
import type { ExecuteEvent, ExecutionResult } from "@gantry/contract";
import { outputLimitBytes } from "@gantry/contract";

import { readOutputLog } from "../../core/output-log.ts";
import type { LiveExecution } from "../live-execution.ts";
import { outputView } from "../views.ts";
import type { CachedResult, Snapshot } from "./store.ts";

/** A longer output is not kept: it would take the place of hundreds of others. */
const longestOutput = 4 * 1024 * 1024;
/** Beside its texts. */
const entryBytes = 500;

type Piece = [stream: 1 | 2, base64: string];

/** Undefined unless it succeeded with an output of a reasonable size, all of which is in its log. */
export async function snapshotOf({ row, logFile }: LiveExecution): Promise<Snapshot | undefined> {
  if (row.state !== "succeeded" || row.outputBytes > longestOutput) return undefined;
  const gathered: { stream: 1 | 2; data: Buffer[] }[] = [];
  let outputBytes = 0;
  if (row.outputBytes > 0) {
    for await (const { stream, data } of readOutputLog(logFile)) {
      if (stream === 3) return undefined;
      outputBytes += data.length;
      const last = gathered.at(-1);
      if (last?.stream === stream) last.data.push(data);
      else gathered.push({ stream, data: [data] });
    }
  }
  if (outputBytes !== row.outputBytes) return undefined;
  const pieces = gathered.map(({ stream, data }): Piece => [stream, Buffer.concat(data).toString("base64")]);
  const output = JSON.stringify(pieces);
  return {
    executionId: row.id,
    result: row.result,
    output,
    outputBytes,
    durationMs: (row.endedAtMs ?? 0) - (row.startedAtMs ?? 0),
    bytes: entryBytes + output.length + Buffer.byteLength(row.result ?? ""),
  };
}

function piecesOf({ output }: CachedResult): { stream: 1 | 2; data: Buffer }[] {
  return (JSON.parse(output) as Piece[]).map(([stream, base64]) => ({ stream, data: Buffer.from(base64, "base64") }));
}

export function cachedView(cached: CachedResult, ageMs: number): ExecutionResult {
  const bytes = cached.outputBytes === 0 ? Buffer.alloc(0) : Buffer.concat(piecesOf(cached).map(({ data }) => data));
  const cut = Math.max(0, bytes.length - outputLimitBytes);
  return {
    executionId: cached.executionId,
    state: "succeeded",
    success: true,
    error: null,
    exitCode: 0,
    signal: null,
    durationMs: cached.durationMs,
    queuedMs: 0,
    cached: true,
    cacheAgeMs: ageMs,
    attempt: 1,
    result: cached.result === null ? null : (JSON.parse(cached.result) as unknown),
    output: bytes.subarray(cut).toString(),
    outputBytes: cached.outputBytes,
    outputTruncated: cut > 0,
  };
}

/** As its execution told it, at once. */
export async function* cachedEvents(cached: CachedResult, ageMs: number): AsyncGenerator<ExecuteEvent> {
  yield { type: "accepted", executionId: cached.executionId, state: "succeeded" };
  let offset = 0;
  for (const { stream, data } of piecesOf(cached)) {
    yield outputView({ stream, data, offset, timeMs: cached.createdAtMs });
    offset += data.length;
  }
  yield { type: "result", result: cachedView(cached, ageMs) };
}
