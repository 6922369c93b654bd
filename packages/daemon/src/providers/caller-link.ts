/**
 * Calls that come in over Socket.IO: for programs that make many, at the price of one message each way.
 *
 * `emitWithAck("invoke", { provider | model | capability, method, params, timeoutMs?, affinity?, id? })` answers
 * `{ ok: true, id, result, usage? }` or `{ ok: false, error: Problem }`. With `stream: true` and an `id` of the caller's choice the answer
 * comes as the same `chunk`, `result`, and `fail` events that providers send, paced by the caller's `credit` events. With `input: "stream"`
 * and an `id` the caller goes on with `chunk { id, seq, data | batch }`, no further than 64 and what `credit` events add, and `end { id }`.
 */
import { GantryError, streamCreditChunks, type Problem } from "@gantry/contract";
import { SlotMap } from "@gantry/contract/slot-map";

import { requirePermission, type Caller } from "../core/caller.ts";
import type { Logger } from "../core/logger.ts";
import type { Call, CallOutcome, CallRequest, CallSink } from "./call.ts";
import type { CallEngine } from "./calls.ts";
import type { Route } from "./routing.ts";
import { acknowledge, type ProviderSocket } from "./socket.ts";

/** A caller that loses count of its calls must not fill the daemon's memory. */
const maxCallsPerSocket = 10_000;

export interface CallerLinkParts {
  calls: CallEngine;
  logger: Logger;
}

export function openCallerLink(socket: ProviderSocket, caller: Caller, { calls, logger }: CallerLinkParts): void {
  const open = new SlotMap<string, Call>();
  const named = new SlotMap<string, OpenCall>();

  const problemOf = (error: unknown): Problem => {
    if (error instanceof GantryError) return error.toProblem();
    logger.error({ err: error, socket: socket.id }, "an invoke over Socket.IO failed");
    return new GantryError("internal", "The daemon failed to handle this call; its log says why.").toProblem();
  };

  const startUnary = (request: CallRequest, id: string | undefined, ack: unknown) => {
    const sink: CallSink = {
      // Chunks of a streaming method belong to callers that ask for them; taking them lets the method reach its result.
      chunks: (call, _seq, items) => calls.consumed(call, items.length),
      settled(call, outcome) {
        open.delete(call.id);
        if (id !== undefined) named.delete(id);
        acknowledge(ack, answerOf(call, outcome));
      },
      credit: (_call, chunks) => void socket.emit("credit", { id, n: chunks }),
    };
    const call = calls.start(request, sink);
    if (call.state === "closed") return;
    open.set(call.id, call);
    if (id !== undefined) named.set(id, { call, cancel: () => void calls.cancel(call, "its caller cancelled it"), allow: () => undefined });
  };

  const startStream = (request: CallRequest, id: string, credit: number) => {
    const stream = createCallerStream(socket, calls, id, credit, (call) => {
      open.delete(call.id);
      named.delete(id);
    });
    const call = calls.start(request, stream.sink);
    if (call.state === "closed") return;
    stream.opened(call);
    open.set(call.id, call);
    named.set(id, Object.assign(stream, { call }));
  };

  socket.on("invoke", (message: unknown, ack: unknown) => {
    let id: string | undefined;
    let isStream = false;
    try {
      requirePermission(caller, "providers.call", "call providers");
      const asked = parseInvoke(message, caller.keyId);
      ({ id, isStream } = asked);
      if (open.size >= maxCallsPerSocket)
        throw new GantryError("resourceExhausted", `This connection has ${maxCallsPerSocket} calls open already.`);
      if (id !== undefined && named.has(id))
        throw new GantryError("conflict", `This connection has a call with the id ${id} open already.`);
      if (asked.request.hasInput === true && id === undefined)
        throw new GantryError("invalidArgument", "An invoke with an input stream needs an `id` of your choice, to tell its chunks apart.");
      if (!isStream) startUnary(asked.request, id, ack);
      else if (id === undefined)
        throw new GantryError("invalidArgument", "A streaming invoke needs an `id` of your choice, to tell its chunks apart.");
      else startStream(asked.request, id, asked.credit);
    } catch (error) {
      if (isStream && id !== undefined) socket.emit("fail", { id, error: problemOf(error) });
      else acknowledge(ack, { ok: false, error: problemOf(error) });
    }
  });

  socket.on("chunk", (message: { seq?: unknown; data?: unknown; batch?: unknown } | null) => {
    const target = named.get(idOf(message) ?? "");
    if (target && message) calls.input(target.call, message.seq, message.batch ?? ("data" in message ? [message.data] : undefined));
  });
  socket.on("end", (message: unknown) => {
    const ended = named.get(idOf(message) ?? "");
    if (ended) calls.endInput(ended.call);
  });
  socket.on("cancel", (message: unknown) => named.get(idOf(message) ?? "")?.cancel());
  socket.on("credit", (message: unknown) => {
    const chunks = (message as { n?: unknown } | null | undefined)?.n;
    if (Number.isSafeInteger(chunks) && (chunks as number) > 0) named.get(idOf(message) ?? "")?.allow(chunks as number);
  });
  socket.on("disconnect", () => {
    // Cancelling takes a call out of the map, which its iteration allows.
    for (const call of open.values()) calls.cancel(call, "its caller disconnected");
  });
}

function answerOf(call: Call, outcome: CallOutcome): unknown {
  if (!outcome.ok) return { ok: false, error: outcome.error.toProblem() };
  if (outcome.usage === undefined) return { ok: true, id: call.id, result: outcome.result };
  return { ok: true, id: call.id, result: outcome.result, usage: outcome.usage };
}

/** A call as its caller may steer it, under the id the caller gave it. */
interface OpenCall {
  readonly call: Call;
  cancel(): void;
  allow(chunks: number): void;
}

/**
 * Sends the first chunk at once and gathers later ones of the same turn of the event loop. The provider's credit is refilled by what
 * the caller's own credit let through, so the slowest reader sets the pace.
 */
function createCallerStream(
  socket: ProviderSocket,
  calls: CallEngine,
  id: string,
  credit: number,
  onEnd: (call: Call) => void,
): Omit<OpenCall, "call"> & { sink: CallSink; opened(call: Call): void } {
  let call: Call | undefined;
  let allowed = credit;
  let sent = 0;
  let buffer: unknown[] = [];
  let isScheduled = false;
  let outcome: CallOutcome | undefined;

  const push = () => {
    isScheduled = false;
    if (call === undefined) return;
    const count = Math.min(buffer.length, allowed);
    if (count > 0) {
      const batch = count === buffer.length ? buffer : buffer.slice(0, count);
      buffer = count === buffer.length ? [] : buffer.slice(count);
      socket.emit("chunk", { id, seq: sent, batch });
      sent += count;
      allowed -= count;
      calls.consumed(call, count);
    }
    if (outcome !== undefined && buffer.length === 0) finish(call, outcome);
  };

  const finish = (call: Call, ended: CallOutcome) => {
    outcome = undefined;
    if (ended.ok) socket.emit("result", { id, data: ended.result, ...(ended.usage === undefined ? {} : { usage: ended.usage }) });
    else socket.emit("fail", { id, error: ended.error.toProblem() });
    onEnd(call);
  };

  return {
    sink: {
      chunks(of, seq, items) {
        call = of;
        buffer = buffer.length === 0 ? items : buffer.concat(items);
        if (seq === 0) push();
        else if (!isScheduled) {
          isScheduled = true;
          setImmediate(push);
        }
      },
      settled(of, settled) {
        call = of;
        outcome = settled;
        push();
      },
      credit: (_call, chunks) => void socket.emit("credit", { id, n: chunks }),
    },
    opened: (of) => void (call = of),
    cancel() {
      // What the caller has not taken by now it does not want.
      buffer = [];
      if (call && outcome) finish(call, outcome);
      else if (call) calls.cancel(call, "its caller cancelled it");
    },
    allow(chunks) {
      allowed += chunks;
      push();
    },
  };
}

function idOf(message: unknown): string | undefined {
  const id = (message as { id?: unknown } | null | undefined)?.id;
  return typeof id === "string" && id.length <= 128 ? id : undefined;
}

/** By hand and not by schema: this is the hot path of high-rate callers. */
function parseInvoke(message: unknown, owner: string): { request: CallRequest; id: string | undefined; isStream: boolean; credit: number } {
  if (typeof message !== "object" || message === null) throw new GantryError("invalidArgument", "invoke takes one object.");
  const given = message as Record<string, unknown>;
  const { method, timeoutMs, idempotencyKey, affinity, trace } = given;
  if (typeof method !== "string") throw new GantryError("invalidArgument", "invoke: `method` must be a string.");
  if (timeoutMs !== undefined && !(Number.isSafeInteger(timeoutMs) && (timeoutMs as number) > 0)) {
    throw new GantryError("invalidArgument", "invoke: `timeoutMs` must be a whole number above 0.");
  }
  if (idempotencyKey !== undefined && typeof idempotencyKey !== "string") {
    throw new GantryError("invalidArgument", "invoke: `idempotencyKey` must be a string.");
  }
  const request: CallRequest = {
    route: routeOf(given),
    method,
    params: given["params"],
    timeoutMs: timeoutMs as number | undefined,
    idempotencyKey,
    affinity: typeof affinity === "string" ? affinity : undefined,
    hasInput: given["input"] === "stream",
    trace: typeof trace === "string" ? trace : undefined,
    owner,
  };
  const credit = Number.isSafeInteger(given["credit"]) ? Math.max(0, given["credit"] as number) : streamCreditChunks;
  return { request, id: idOf(message), isStream: given["stream"] === true, credit };
}

function routeOf({ provider, model, capability }: Record<string, unknown>): Route {
  if (typeof provider === "string") return { provider };
  if (typeof model === "string") return { model };
  if (typeof capability === "string") return { capability };
  throw new GantryError("invalidArgument", "invoke: name a `provider`, a `model`, or a `capability`.");
}
