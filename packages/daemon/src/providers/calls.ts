/**
 * Runs calls from acceptance to their one outcome.
 *
 * Socket.IO does not settle an acknowledgement when the connection ends, so the outcome of each call is kept here: every way a
 * call can end goes through `settle`, which works once. Long because all of these ways belong side by side.
 */
import {
  cancelGraceMs,
  GantryError,
  providerPayloadLimitBytes,
  type EventSpec,
  type providerEvents,
  streamCreditChunks,
  type Usage,
} from "@gantry/contract";

import type { Clock } from "../core/clock.ts";
import type { Publish } from "../core/event-bus.ts";
import { type Call, type CallOutcome, type CallRequest, type CallSink, createCall, hasGap, receiveChunks, takeConsumed } from "./call.ts";
import { brokenError, errorFromFailure, lostError } from "./failure.ts";
import type { ProviderInstance, Registry } from "./registry.ts";
import { choose, describeRoute } from "./routing.ts";
import { holdsSlot, isAwaited, nextCallState, type CallEvent } from "./state.ts";
import { exceedsBytes } from "@gantry/contract/json-weight";
import { candidatesOf, nobodyServes } from "./candidates.ts";
import { createWaitQueue } from "./wait-queue.ts";

export type PublishProviders = Publish<{ [Type in keyof typeof providerEvents]: EventSpec<(typeof providerEvents)[Type]["data"]> }>;

/** A call's budget when neither the caller nor the method names one. */
const defaultBudgetMs = 60_000;
/** A caller would rather hear "busy" than wait longer than this for a slot. */
const maxWaitMs = 10_000;
const maxWaiting = 10_000;
/** Every call is told as an event up to this rate; beyond it they are counted. */
const toldPerSecond = 100;

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
  let toldSecond = 0;
  let told = 0;
  let skipped = 0;

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
    if (wasQueued) queue.remove(call);
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

  function tell(call: Call, outcome: CallOutcome): void {
    const second = Math.floor(call.settledAt / 1000);
    if (second !== toldSecond) {
      toldSecond = second;
      told = 0;
    }
    if (told >= toldPerSecond) {
      skipped += 1;
      return;
    }
    told += 1;
    publish("call.ended", {
      callId: call.id,
      provider: call.instance?.name ?? describeRoute(call.request.route),
      ...(call.instance === undefined ? {} : { instance: call.instance.instance }),
      method: call.request.method,
      outcome: outcome.ok ? "ok" : outcome.error.code,
      durationMs: round(call.settledAt - call.startedAt),
      chunks: call.received,
      skipped,
    });
    skipped = 0;
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
    if (call.deadlineAt === 0) call.deadlineAt = now + (request.timeoutMs ?? method?.timeoutMs ?? defaultBudgetMs);
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
    const budgetMs = Math.round(call.deadlineAt - call.startedAt);
    const error = new GantryError(
      "deadlineExceeded",
      `${where(call)} did not answer within ${budgetMs} ms. It was told to stop, but may have executed. Give a larger timeoutMs if it needs longer.`,
      { details: { providerCode: "DEADLINE_EXCEEDED", mayHaveExecuted: true, chunks: call.received } },
    );
    stop(call, error, "deadline");
  }

  /** Sends now, or waits for a slot. */
  function dispatch(call: Call, except?: ProviderInstance): void {
    turn += 1;
    const instance = choose(candidatesOf(registry, call.request.route), call.request.method, turn, except);
    if (instance !== undefined) return send(call, instance);
    const refusal = nobodyServes(registry, call.request.route, call.request.method);
    if (refusal) throw refusal;
    if (queue.size >= maxWaiting) throw busyError(call, "too many calls are waiting already");
    const left = call.deadlineAt === 0 ? (call.request.timeoutMs ?? maxWaitMs) : call.deadlineAt - clock.monotonic();
    const waitMs = Math.max(1, Math.min(maxWaitMs, left));
    clearTimeout(call.timer);
    call.timer = setTimeout(() => stop(call, busyError(call, `no slot became free in ${Math.round(waitMs)} ms`), "deadline"), waitMs);
    queue.push(call);
  }

  /** Like dispatch, for a call that is accepted already: a refusal becomes its outcome. */
  function dispatchAccepted(call: Call, except?: ProviderInstance): void {
    try {
      dispatch(call, except);
    } catch (error) {
      end(call, "settle", { ok: false, error: error as GantryError });
    }
  }

  function serveWaiting(instance: ProviderInstance): void {
    while (queue.size > 0 && instance.inflight < instance.concurrency) {
      const call = queue.take(
        (waiter) => choose([instance], waiter.request.method, 0, undefined) !== undefined && serves(instance, waiter),
      );
      if (call === undefined) return;
      try {
        send(call, instance);
      } catch (error) {
        end(call, "settle", { ok: false, error: error as GantryError });
      }
    }
  }

  function serves(instance: ProviderInstance, call: Call): boolean {
    const { route } = call.request;
    if ("provider" in route) return route.provider === instance.name;
    const offered = "model" in route ? registry.byModel.get(route.model) : registry.byCapability.get(route.capability);
    return offered?.has(instance) === true;
  }

  return {
    start(request, sink) {
      const now = clock.monotonic();
      if (exceedsBytes(request.params, providerPayloadLimitBytes)) {
        throw new GantryError(
          "payloadTooLarge",
          `The params of ${describeRoute(request.route)} ${request.method} are larger than the limit of ${providerPayloadLimitBytes} bytes for one message. Nothing was sent; pass a reference, or stream the data.`,
          { details: { limitBytes: providerPayloadLimitBytes } },
        );
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
    cancel: (call, reason) =>
      stop(
        call,
        new GantryError("cancelled", `The call of ${where(call)} was cancelled: ${reason}. The provider was told to stop.`),
        reason,
      ),
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
      if (wrong === "overCredit") {
        const error = new GantryError(
          "resourceExhausted",
          `${where(call)} sent more chunks than its credit allows: a provider must wait for credit events. The call was ended.`,
          { details: { providerCode: "RESOURCE_EXHAUSTED", credit: call.granted, chunks: call.received }, retryable: false },
        );
        stop(call, error, "protocol");
      }
      return wrong === undefined;
    },
    result(call, data, usage) {
      if (call.state === "sent") notePace(call);
      if (hasGap(call)) {
        finishWith(call, brokenError(where(call), `chunk ${call.received} never came`));
      } else if (exceedsBytes(data, providerPayloadLimitBytes)) {
        finishWith(
          call,
          new GantryError(
            "payloadTooLarge",
            `${where(call)} answered with more than the limit of ${providerPayloadLimitBytes} bytes for one message. The call has executed; its answer was dropped.`,
            { details: { limitBytes: providerPayloadLimitBytes, mayHaveExecuted: true } },
          ),
        );
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
        if (sibling && move(call, "retry")) dispatchAccepted(call, instance);
        else if (end(call, "lost", { ok: false, error: lostError(where(call), reason, call.received, call.idempotent) })) aborted += 1;
      }
      return aborted;
    },

    pump() {
      if (queue.size === 0) return;
      for (const provider of registry.providers()) for (const instance of provider.instances.values()) serveWaiting(instance);
    },
    refuseOrphans() {
      for (const call of queue) {
        const refusal = nobodyServes(registry, call.request.route, call.request.method);
        if (refusal) end(call, "settle", { ok: false, error: refusal });
      }
    },
    get waiting() {
      return queue.size;
    },
    get active() {
      return active.size;
    },
    waitingFor(name) {
      let count = 0;
      for (const { request } of queue) if ("provider" in request.route && request.route.provider === name) count += 1;
      return count;
    },
    close() {
      for (const call of active.values()) {
        stop(
          call,
          new GantryError("unavailable", `The daemon is stopping; ${where(call)} was told to stop but may have executed.`),
          "shutdown",
        );
      }
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

  function busyError(call: Call, why: string): GantryError {
    return new GantryError(
      "resourceExhausted",
      `Every instance for ${describeRoute(call.request.route)} is busy: ${why}. Try again shortly.`,
      {
        details: { providerCode: "RESOURCE_EXHAUSTED", retryAfterMs: 1000, waiting: queue.size },
      },
    );
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

export function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
