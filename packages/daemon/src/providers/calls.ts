/**
 * Runs calls from acceptance to their one outcome.
 *
 * Socket.IO does not settle an acknowledgement when the connection ends, so the outcome of each call is kept here: every way a
 * call can end goes through `settle`, which works once. Long because all of these ways belong side by side.
 */
import { cancelGraceMs, type GantryError, providerPayloadLimitBytes, streamCreditChunks, type Usage } from "@gantry/contract";

import type { Clock } from "../core/clock.ts";
import { type Call, type CallOutcome, type CallRequest, type CallSink, createCall, hasGap, receiveChunks, takeConsumed } from "./call.ts";
import {
  brokenError,
  busyError,
  cancelledError,
  errorFromFailure,
  lostError,
  overCreditError,
  spentError,
  stoppingError,
  tooLargeAnswer,
  tooLargeParams,
} from "./failure.ts";
import { createCallNews, type PublishProviders } from "./call-news.ts";
import type { ProviderInstance, Registry } from "./registry.ts";
import { canServe, choose, describeRoute, routeKeysOf } from "./routing.ts";
import { holdsSlot, isAwaited, nextCallState, type CallEvent } from "./state.ts";
import { exceedsBytes } from "@gantry/contract/json-weight";
import { candidatesOf, nobodyServes } from "./candidates.ts";
import { createWaitQueue } from "./wait-queue.ts";

/** A call's budget when neither the caller nor the method names one. */
const defaultBudgetMs = 60_000;
/** A caller would rather hear "busy" than wait longer than this for a slot. */
const maxWaitMs = 10_000;
const maxWaiting = 10_000;

export interface CallEngine {
  /** Throws when the call cannot be accepted; after that the sink hears the outcome. */
  start(request: CallRequest, sink: CallSink): Call;
  find(id: string): Call | undefined;
  /** True when somebody still waited for its outcome. */
  cancel(call: Call, reason: string): boolean;
  /** The consumer has taken so many chunks: lets the provider send more. */
  consumed(call: Call, chunks: number): void;

  /** From the instance's connection. False when the message makes no sense for the call. */
  chunk(call: Call, seq: unknown, items: unknown): boolean;
  result(call: Call, data: unknown, usage: unknown): void;
  fail(call: Call, error: unknown): void;
  /** The connection is gone with these calls out. Returns how many were aborted. */
  lost(calls: Iterable<Call>, reason: string): number;

  /** Slots or instances were added: waiting calls may go. */
  pump(): void;
  /** An instance left or stopped taking calls: what nobody can serve any more is refused. */
  refuseOrphans(): void;
  readonly waiting: number;
  readonly active: number;
  waitingFor(name: string): number;
  close(): void;
}

export interface CallEngineParts {
  registry: Registry;
  clock: Clock;
  newCallId: () => string;
  publish: PublishProviders;
  /** Puts a call under its id on the instance's connection, so that only that connection can answer it. */
  bind(instance: ProviderInstance, call: Call): void;
  unbind(instance: ProviderInstance, call: Call): void;
}

export function createCallEngine({ registry, clock, newCallId, publish, bind, unbind }: CallEngineParts): CallEngine {
  const active = new Map<string, Call>();
  const queue = createWaitQueue<Call>();
  let turn = 0;
  const tell = createCallNews(publish);

  const where = (call: Call) => `${call.instance?.label ?? describeRoute(call.request.route)} ${call.request.method}`;

  function move(call: Call, event: CallEvent): boolean {
    const next = nextCallState(call.state, event);
    if (next === undefined) return false;
    const held = holdsSlot(call.state);
    call.state = next;
    if (held && !holdsSlot(next)) release(call);
    return true;
  }

  function release(call: Call): void {
    const instance = call.instance;
    if (instance === undefined) return;
    instance.inflight -= 1;
    unbind(instance, call);
    if (queue.size > 0) serveWaiting(instance);
  }

  /** The one door out: `finish`, `settle`, and `lost` all tell the caller here, and the state table lets only the first one in. */
  function end(call: Call, event: CallEvent, outcome: CallOutcome): boolean {
    const awaited = isAwaited(call.state);
    const wasQueued = call.state === "queued";
    if (!move(call, event)) return false;
    if (!awaited) {
      clearTimeout(call.timer);
      return false;
    }
    clearTimeout(call.timer);
    if (wasQueued) queue.remove(describeRoute(call.request.route), call);
    active.delete(call.id);
    call.settledAt = clock.monotonic();
    const instance = call.instance;
    if (instance !== undefined && !outcome.ok && countsAsFailure(outcome.error)) instance.stats.failures += 1;
    if (call.state === "lingering") {
      call.timer = setTimeout(() => move(call, "expire"), cancelGraceMs);
      call.timer.unref();
    }
    call.sink.settled(call, outcome);
    tell(call, outcome);
    return true;
  }

  /** Ends the call for its caller and tells the provider to stop. */
  function stop(call: Call, error: GantryError, reason: string): boolean {
    const instance = holdsSlot(call.state) ? call.instance : undefined;
    const done = end(call, "settle", { ok: false, error });
    if (done && instance !== undefined) instance.link.emit("cancel", { id: call.id, reason });
    return done;
  }

  function send(call: Call, instance: ProviderInstance): void {
    const { request } = call;
    const method = instance.methods.get(request.method);
    if (method?.checkParams !== undefined && method.checkParams !== call.passed) {
      method.checkParams(request.params, `${instance.name}.${request.method}`);
      call.passed = method.checkParams;
    }
    if (method?.idempotent === true) call.idempotent = true;
    const now = clock.monotonic();
    if (call.deadlineAt === 0) call.deadlineAt = call.startedAt + (request.timeoutMs ?? method?.timeoutMs ?? defaultBudgetMs);
    const budgetMs = Math.max(1, Math.ceil(call.deadlineAt - now));
    move(call, "send");
    call.instance = instance;
    call.attempt += 1;
    call.sentAt = now;
    clearTimeout(call.timer);
    call.timer = setTimeout(onBudgetSpent, budgetMs, call);
    instance.inflight += 1;
    instance.stats.calls += 1;
    bind(instance, call);
    const message: Record<string, unknown> = {
      id: call.id,
      method: request.method,
      params: request.params,
      credit: streamCreditChunks,
      budgetMs,
      attempt: call.attempt,
    };
    if (request.idempotencyKey !== undefined) message["idem"] = request.idempotencyKey;
    if (request.trace !== undefined) message["trace"] = request.trace;
    instance.link.emit("invoke", message);
  }

  function onBudgetSpent(call: Call): void {
    stop(call, spentError(where(call), Math.round(call.deadlineAt - call.startedAt), call.received), "deadline");
  }

  /** Sends now, or waits for a slot. */
  function dispatch(call: Call, except?: ProviderInstance): void {
    turn += 1;
    const instance = choose(candidatesOf(registry, call.request.route), call.request.method, turn, except);
    if (instance !== undefined) return send(call, instance);
    const refusal = nobodyServes(registry, call.request.route, call.request.method);
    if (refusal) throw refusal;
    if (queue.size >= maxWaiting) throw busy(call, "too many calls are waiting already");
    const left = call.deadlineAt === 0 ? (call.request.timeoutMs ?? maxWaitMs) : call.deadlineAt - clock.monotonic();
    const waitMs = Math.max(1, Math.min(maxWaitMs, left));
    clearTimeout(call.timer);
    call.timer = setTimeout(() => refuseWaiting(call, busy(call, `no slot became free in ${Math.round(waitMs)} ms`)), waitMs);
    queue.push(describeRoute(call.request.route), call);
  }

  /** A call that was sent once and lost may have executed, whatever keeps it from a second instance. */
  function refuseWaiting(call: Call, refusal: GantryError): void {
    const error = call.attempt === 0 ? refusal : lostError(where(call), "and no other instance took it in time", 0, call.idempotent);
    end(call, "settle", { ok: false, error });
  }

  /** Runs what may refuse a call that is accepted already: the refusal becomes its outcome. */
  function orRefuse(call: Call, run: () => void): void {
    try {
      run();
    } catch (error) {
      refuseWaiting(call, error as GantryError);
    }
  }

  function busy(call: Call, why: string): GantryError {
    return busyError(describeRoute(call.request.route), why, queue.size);
  }

  function serveWaiting(instance: ProviderInstance): void {
    while (queue.size > 0 && instance.inflight < instance.concurrency) {
      const call = queue.take(routeKeysOf(instance), (waiter) => canServe(instance, waiter.request.method));
      if (call === undefined) return;
      orRefuse(call, () => send(call, instance));
    }
  }

  return {
    start(request, sink) {
      const now = clock.monotonic();
      if (exceedsBytes(request.params, providerPayloadLimitBytes)) {
        throw tooLargeParams(`${describeRoute(request.route)} ${request.method}`);
      }
      const call = createCall(newCallId(), request, sink, now);
      // Before the dispatch: an answer may come while the message is still being handed over.
      active.set(call.id, call);
      try {
        dispatch(call);
      } catch (error) {
        active.delete(call.id);
        throw error;
      }
      return call;
    },
    find: (id) => active.get(id),
    cancel: (call, reason) => stop(call, cancelledError(where(call), reason), reason),
    consumed(call, chunks) {
      const credit = takeConsumed(call, chunks);
      if (credit !== undefined && call.state === "streaming") call.instance?.link.emit("credit", credit);
    },

    chunk(call, seq, items) {
      if (!Number.isSafeInteger(seq) || (seq as number) < 0 || !Array.isArray(items)) {
        stop(call, brokenError(where(call), "a chunk without a proper seq and data"), "protocol");
        return false;
      }
      if (items.length === 0) return false;
      const first = call.state === "sent";
      if (!move(call, "chunk")) return false;
      if (call.state === "lingering") return true;
      if (first) notePace(call);
      const wrong = receiveChunks(call, seq as number, items);
      if (wrong === "overCredit") stop(call, overCreditError(where(call), call.granted, call.received), "protocol");
      return wrong === undefined;
    },
    result(call, data, usage) {
      if (call.state === "sent") notePace(call);
      if (hasGap(call)) {
        finishWith(call, brokenError(where(call), `chunk ${call.received} never came`));
      } else if (exceedsBytes(data, providerPayloadLimitBytes)) {
        finishWith(call, tooLargeAnswer(where(call)));
      } else {
        end(call, "finish", { ok: true, result: data, usage: usageOf(usage) });
      }
    },
    fail(call, error) {
      finishWith(call, errorFromFailure(error, where(call)));
    },
    lost(calls, reason) {
      let aborted = 0;
      for (const call of calls) {
        const instance = call.instance;
        const mayRetry = call.state === "sent" && call.idempotent && call.attempt === 1 && call.deadlineAt > clock.monotonic();
        const sibling = mayRetry && hasOther(call, instance);
        if (sibling && move(call, "retry")) orRefuse(call, () => dispatch(call, instance));
        else if (end(call, "lost", { ok: false, error: lostError(where(call), reason, call.received, call.idempotent) })) aborted += 1;
      }
      return aborted;
    },

    pump() {
      if (queue.size === 0) return;
      for (const provider of registry.providers()) for (const instance of provider.instances.values()) serveWaiting(instance);
    },
    refuseOrphans() {
      // Refusing takes a call out of the queue, which its iteration allows.
      for (const call of queue) {
        const refusal = nobodyServes(registry, call.request.route, call.request.method);
        if (refusal) refuseWaiting(call, refusal);
      }
    },
    get waiting() {
      return queue.size;
    },
    get active() {
      return active.size;
    },
    waitingFor: (name) => queue.sizeOf(describeRoute({ provider: name })),
    close() {
      for (const call of active.values()) stop(call, stoppingError(where(call)), "shutdown");
    },
  };

  function finishWith(call: Call, error: GantryError): void {
    end(call, "finish", { ok: false, error });
  }

  function hasOther(call: Call, gone: ProviderInstance | undefined): boolean {
    for (const candidate of candidatesOf(registry, call.request.route)) {
      if (candidate !== gone && candidate.methods.has(call.request.method) && candidate.state !== "draining") return true;
    }
    return false;
  }

  function notePace(call: Call): void {
    const instance = call.instance;
    if (instance === undefined) return;
    const tookMs = clock.monotonic() - call.sentAt;
    instance.latencyMs = instance.latencyMs === 0 ? tookMs : instance.latencyMs * 0.9 + tookMs * 0.1;
  }
}

/** What a caller did wrong, or wanted, says nothing about the instance. */
function countsAsFailure(error: GantryError): boolean {
  return error.status >= 500;
}

function usageOf(usage: unknown): Usage | undefined {
  if (typeof usage !== "object" || usage === null) return undefined;
  return Object.fromEntries(Object.entries(usage).filter(([, amount]) => typeof amount === "number"));
}
