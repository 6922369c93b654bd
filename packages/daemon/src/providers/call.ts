/** One call: its record, and the order and credit of the chunks that come back. */
import type { GantryError, Usage } from "@gantry/contract";
import { providerPayloadLimitBytes, streamCreditBytes, streamCreditChunks } from "@gantry/contract";

import { type CallInput, createCallInput } from "./call-input.ts";
import type { CheckParams } from "./method-schema.ts";
import type { ProviderInstance } from "./registry.ts";
import type { Route } from "./routing.ts";
import type { CallState } from "./state.ts";
import { approximateBytes } from "@gantry/contract/json-weight";

export interface CallRequest {
  route: Route;
  method: string;
  params: unknown;
  timeoutMs?: number | undefined;
  /** Used when neither `timeoutMs` nor the method names one. */
  defaultTimeoutMs?: number | undefined;
  /** Calls with the same one go to the same instance while it has room. */
  affinity?: string | undefined;
  idempotencyKey?: string | undefined;
  trace?: string | undefined;
  /** The caller goes on to send chunks after the params; see `CallEngine.input`. */
  hasInput?: boolean | undefined;
  /** Key id of the caller: with `cancel`, nobody else's call can be ended by a caller that sees only its own. */
  owner: string;
}

export type CallOutcome = { ok: true; result: unknown; usage: Usage | undefined } | { ok: false; error: GantryError };

/** Where a call's answer goes. Called synchronously; must not throw. */
export interface CallSink {
  /** Items in stream order; `seq` is the position of the first. Report them with `consumed` once they are passed on. */
  chunks(call: Call, seq: number, items: unknown[]): void;
  /** An instance has it now: input may go. Again when it is sent elsewhere. */
  sent?(call: Call): void;
  /** So many more chunks of input may be sent. */
  credit?(call: Call, chunks: number): void;
  /** Exactly once, after the last chunk. */
  settled(call: Call, outcome: CallOutcome): void;
}

export interface Call {
  readonly id: string;
  readonly request: CallRequest;
  readonly sink: CallSink;
  state: CallState;
  instance: ProviderInstance | undefined;
  attempt: number;
  idempotent: boolean;
  /** The check that the params have passed, so that a failover checks again only against another schema. */
  passed: CheckParams | undefined;
  timer: NodeJS.Timeout | undefined;
  startedAt: number;
  sentAt: number;
  /** On the monotonic clock. */
  deadlineAt: number;
  settledAt: number;

  input: CallInput | undefined;
  /** Stream position up to which chunks have been passed on. */
  received: number;
  /** Chunks that arrived before their turn, by their position. */
  early: Map<number, unknown[]> | undefined;
  earlyCount: number;
  granted: number;
  consumed: number;
  /** Smoothed bytes of one chunk; sets how many of them 256 KiB are. */
  chunkBytes: number;
  receivedBytes: number;
  consumedBytes: number;
  /** `receivedBytes` when the provider last heard that all of them are taken. */
  toldBytes: number;
}

export function createCall(id: string, request: CallRequest, sink: CallSink, now: number): Call {
  return {
    id,
    request,
    sink,
    state: "queued",
    instance: undefined,
    attempt: 0,
    idempotent: request.idempotencyKey !== undefined,
    passed: undefined,
    timer: undefined,
    startedAt: now,
    sentAt: 0,
    deadlineAt: 0,
    settledAt: 0,
    input: request.hasInput === true ? createCallInput() : undefined,
    received: 0,
    early: undefined,
    earlyCount: 0,
    granted: streamCreditChunks,
    consumed: 0,
    chunkBytes: 0,
    receivedBytes: 0,
    consumedBytes: 0,
    toldBytes: 0,
  };
}

/**
 * How far beyond its credit a provider may be before the call is ended. A small program that counts credit loosely still
 * works, and the daemon's memory stays bounded.
 */
const creditSlackChunks = 64;
/** Also for a provider that counts no bytes: what one call may hold in memory however large its chunks are. */
const maxOutstandingBytes = 4 * providerPayloadLimitBytes;

/**
 * Takes items at a position. Passes on what is in order, keeps what came early, drops what came twice.
 * Returns what is wrong, or undefined.
 */
export function receiveChunks(call: Call, seq: number, items: unknown[]): "duplicate" | "overCredit" | "tooDeep" | undefined {
  if (seq + items.length > call.granted + creditSlackChunks) return "overCredit";
  if (seq < call.received) return "duplicate";
  if (seq > call.received) {
    call.early ??= new Map();
    if (call.early.has(seq)) return "duplicate";
    call.earlyCount += items.length;
    if (call.earlyCount > streamCreditChunks + creditSlackChunks) return "overCredit";
    call.early.set(seq, items);
    return undefined;
  }
  if (!passOn(call, items)) return "tooDeep";
  if (call.receivedBytes - call.consumedBytes > maxOutstandingBytes) return "overCredit";
  while (call.early !== undefined) {
    const next = call.early.get(call.received);
    if (next === undefined) break;
    call.early.delete(call.received);
    call.earlyCount -= next.length;
    if (!passOn(call, next)) return "tooDeep";
  }
  return undefined;
}

/** False, and nothing passed on, when the items could not be written again. */
function passOn(call: Call, items: unknown[]): boolean {
  let bytes = 0;
  for (const item of items) bytes += approximateBytes(item, providerPayloadLimitBytes);
  if (bytes === Number.POSITIVE_INFINITY) return false;
  const seq = call.received;
  call.received += items.length;
  call.receivedBytes += bytes;
  const mean = bytes / Math.max(1, items.length);
  call.chunkBytes = call.chunkBytes === 0 ? mean : call.chunkBytes * 0.75 + mean * 0.25;
  call.sink.chunks(call, seq, items);
  return true;
}

/** True when a gap in the stream was never filled. */
export function hasGap(call: Call): boolean {
  return call.earlyCount > 0;
}

/**
 * Notes that the consumer has taken so many chunks; returns the message to send now, if one is due.
 *
 * The window is 64 chunks, fewer when they are so large that 256 KiB hold fewer. It is refilled by halves to save messages. `taken` lets
 * a provider count its bytes on the way; one that waits for nothing but bytes must hear of them even when it is owed no chunk.
 */
export function takeConsumed(call: Call, chunks: number): { id: string; n: number; taken: number } | undefined {
  call.consumed = Math.min(call.consumed + chunks, call.received);
  const isAll = call.consumed === call.received;
  call.consumedBytes = isAll ? call.receivedBytes : Math.min(call.receivedBytes, call.consumedBytes + chunks * call.chunkBytes);
  const fitting = call.chunkBytes === 0 ? streamCreditChunks : Math.floor(streamCreditBytes / call.chunkBytes);
  const window = Math.max(1, Math.min(streamCreditChunks, fitting));
  const owed = call.consumed + window - call.granted;
  const isDue = owed >= Math.max(1, window / 2) || (isAll && call.receivedBytes - call.toldBytes >= streamCreditBytes / 2);
  if (!isDue) return undefined;
  if (isAll) call.toldBytes = call.receivedBytes;
  const n = Math.max(0, owed);
  call.granted += n;
  return { id: call.id, n, taken: call.consumed };
}
