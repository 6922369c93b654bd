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
  wrongInputError,
} from "./failure.ts";
import { type CallInput, holdInput, noteInput } from "./call-input.ts";
import { createCallNews, type PublishProviders } from "./call-news.ts";
import type { ProviderInstance, Registry } from "./registry.ts";
import { createBreaker } from "./breaker.ts";
import { noteEnd, noteFirstAnswer } from "./pace.ts";
import { createRetryBudget } from "./retry-budget.ts";
import { canServe, choose, describeRoute, isAdmitted, mostAreOpen, routeKeysOf } from "./routing.ts";
import { holdsSlot, isAwaited, nextCallState, type CallEvent } from "./state.ts";
import { exceedsBytes } from "@gantry/contract/json-weight";
import { SlotMap } from "@gantry/contract/slot-map";
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

  /** Chunks of the caller's own stream. What is out of order or beyond its credit ends the call. */
  input(call: Call, seq: unknown, items: unknown): void;
  /** The caller's stream is complete. */
  endInput(call: Call): void;
  /** The caller's stream cannot be read on: ends the call with the reason. */
  failInput(call: Call, error: GantryError): void;
  /** From the instance: so much more of the caller's stream may come. False when it makes no sense. */
  inputCredit(call: Call, chunks: unknown): boolean;

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
  /** Second tries that the budget still allows. */
  readonly retriesLeft: number;
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
  const active = new SlotMap<string, Call>();
  const queue = createWaitQueue<Call>();
  const retries = createRetryBudget();
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
    if (instance !== undefined) score(call, instance, outcome);
    if (call.state === "lingering") {
      call.timer = setTimeout(() => move(call, "expire"), cancelGraceMs);
      call.timer.unref();
    }
    call.sink.settled(call, outcome);
    tell(call, outcome);
    return true;
  }

  /** Tells the statistics and the breaker how the call went, now that it has ended: a stream may still fail after its first chunk. */
  function score(call: Call, instance: ProviderInstance, outcome: CallOutcome): void {
    const isBad = !outcome.ok && countsAsFailure(outcome.error);
    if (isBad) instance.stats.failures += 1;
    if (outcome.ok) noteEnd(instance.pace, call.settledAt - call.sentAt);
    if (!isBad && instance.breakers.size === 0) return;
    const method = call.request.method;
    let breaker = instance.breakers.get(method);
    if (breaker === undefined) {
      if (!isBad) return;
      breaker = createBreaker();
      instance.breakers.set(method, breaker);
    }
    const wasOpenUntil = breaker.openUntil;
    if (outcome.ok) breaker.ended("good", call.settledAt);
    else breaker.ended(isBad ? "bad" : "ignored", call.settledAt, `${outcome.error.code}: ${outcome.error.message}`);
    // Its slot became free before this was known, so who waits is asked again.
    if (queue.size > 0) serveWaiting(instance);
    if (breaker.openUntil === undefined || breaker.openUntil === wasOpenUntil) return;
    // When the pause is over a trial may go: one that waits would not hear of it otherwise.
    setTimeout(() => queue.size > 0 && serveWaiting(instance), Math.ceil(breaker.openUntil - call.settledAt)).unref();
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
    if (call.deadlineAt === 0)
      call.deadlineAt = call.startedAt + (request.timeoutMs ?? method?.timeoutMs ?? request.defaultTimeoutMs ?? defaultBudgetMs);
    const budgetMs = Math.max(1, Math.ceil(call.deadlineAt - now));
    move(call, "send");
    call.instance = instance;
    call.attempt += 1;
    call.sentAt = now;
    clearTimeout(call.timer);
    call.timer = setTimeout(onBudgetSpent, budgetMs, call);
    instance.inflight += 1;
    instance.stats.calls += 1;
    if (instance.breakers.size > 0) instance.breakers.get(request.method)?.sent(now);
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
    if (call.input !== undefined) message["input"] = "stream";
    instance.link.emit("invoke", message);
    if (call.input !== undefined) passHeld(call, call.input, instance);
    call.sink.sent?.(call);
  }

  /** What the caller sent while the call waited. */
  function passHeld({ id }: Call, input: CallInput, instance: ProviderInstance): void {
    if (input.held.length > 0) instance.link.emit("chunk", { id, seq: 0, batch: input.held });
    input.held = [];
    if (input.isEnded) instance.link.emit("end", { id });
  }

  function onBudgetSpent(call: Call): void {
    stop(call, spentError(where(call), Math.round(call.deadlineAt - call.startedAt), call.received), "deadline");
  }

  /** Sends now, or waits for a slot. */
  function dispatch(call: Call, except?: ProviderInstance): void {
    const { route, method, affinity } = call.request;
    const instance = choose(candidatesOf(registry, route), { method, affinity, except, now: clock.monotonic(), random: Math.random });
    if (instance !== undefined) return send(call, instance);
    const refusal = nobodyServes(registry, route, method);
    if (refusal) throw refusal;
    if (queue.size >= maxWaiting) throw busy(call, "too many calls are waiting already");
    const left = call.deadlineAt === 0 ? (call.request.timeoutMs ?? maxWaitMs) : call.deadlineAt - clock.monotonic();
    const waitMs = Math.max(1, Math.min(maxWaitMs, left));
    clearTimeout(call.timer);
    call.timer = setTimeout(() => refuseWaiting(call, busy(call, `no slot became free in ${Math.round(waitMs)} ms`)), waitMs);
    queue.push(describeRoute(route), call);
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
    const { route, method } = call.request;
    const line = queue.sizeOf(describeRoute(route));
    return busyError(describeRoute(route), why, line, waitFor(candidatesOf(registry, route), method, line));
  }

  function serveWaiting(instance: ProviderInstance): void {
    while (queue.size > 0 && instance.inflight < instance.concurrency) {
      const now = clock.monotonic();
      const call = queue.take(routeKeysOf(instance), ({ request: { method, route } }) => {
        if (!canServe(instance, method)) return false;
        return isAdmitted(instance, method, now) || mostAreOpen(candidatesOf(registry, route), method, now);
      });
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
      retries.noteCall();
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

    input(call, seq, items) {
      const { input, instance } = call;
      if (input === undefined || !isAwaited(call.state)) return;
      const wrong = noteInput(input, seq, items);
      if (wrong !== undefined) stop(call, wrongInputError(where(call), wrong), "protocol");
      else if (exceedsBytes(items, providerPayloadLimitBytes)) stop(call, tooLargeParams(`the input stream of ${where(call)}`), "protocol");
      else if (call.state !== "queued" && instance !== undefined) instance.link.emit("chunk", { id: call.id, seq, batch: items });
      else if (!holdInput(input, items as unknown[])) stop(call, tooLargeParams(`the waiting input stream of ${where(call)}`), "protocol");
    },
    endInput(call) {
      const { input, instance } = call;
      if (input === undefined || input.isEnded) return;
      input.isEnded = true;
      if (call.state === "sent" || call.state === "streaming") instance?.link.emit("end", { id: call.id });
    },
    failInput(call, error) {
      stop(call, error, "protocol");
    },
    inputCredit(call, chunks) {
      if (call.input === undefined || !Number.isSafeInteger(chunks) || (chunks as number) <= 0) return false;
      // More than it took it cannot grant: a caller must not be let loose by a number.
      const granted = Math.min(call.input.granted + (chunks as number), call.input.next + streamCreditChunks);
      const more = granted - call.input.granted;
      call.input.granted = granted;
      if (more > 0 && isAwaited(call.state)) call.sink.credit?.(call, more);
      return true;
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
      else if (wrong === "tooDeep") stop(call, tooLargeAnswer(where(call)), "protocol");
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
    fail(call, failure) {
      const error = errorFromFailure(failure, where(call));
      // It says itself that it did not take the call, such as while it drains.
      if (error.code === "unavailable" && error.retryable && tryElsewhere(call, error)) return;
      finishWith(call, error);
    },
    lost(calls, reason) {
      let aborted = 0;
      for (const call of calls) {
        if (tryElsewhere(call)) continue;
        if (end(call, "lost", { ok: false, error: lostError(where(call), reason, call.received, call.idempotent) })) aborted += 1;
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
    get retriesLeft() {
      return retries.left;
    },
    waitingFor: (name) => queue.sizeOf(describeRoute({ provider: name })),
    close() {
      for (const call of active.values()) stop(call, stoppingError(where(call)), "shutdown");
    },
  };

  function finishWith(call: Call, error: GantryError): void {
    end(call, "finish", { ok: false, error });
  }

  /** The one failover: for a call that may run twice, had no answer yet, and finds another instance, time, and retry budget. */
  function tryElsewhere(call: Call, failure?: GantryError): boolean {
    const { instance } = call;
    const now = clock.monotonic();
    // Its input cannot be sent a second time: it was passed on and forgotten.
    if (call.input !== undefined && call.input.next > 0) return false;
    if (call.state !== "sent" || !call.idempotent || call.attempt > 1 || call.deadlineAt <= now || !hasOther(call, instance)) return false;
    if (!retries.take(now)) return false;
    if (instance !== undefined && failure !== undefined) {
      call.settledAt = now;
      score(call, instance, { ok: false, error: failure });
    }
    if (!move(call, "retry")) return false;
    orRefuse(call, () => dispatch(call, instance));
    return true;
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
    const now = clock.monotonic();
    noteFirstAnswer(instance.pace, now - call.sentAt, now);
  }
}

const shortestWaitMs = 50;
const longestWaitMs = 60_000;
/** A call's length before any has ended. */
const assumedCallMs = 1_000;

/** When the last in a line of this length may expect a slot: calls are taken to last as long as they did lately. */
function waitFor(instances: Iterable<ProviderInstance>, method: string, line: number): number {
  let perMs = 0;
  for (const instance of instances) {
    if (canServe(instance, method)) perMs += instance.concurrency / (instance.pace.durationMs || assumedCallMs);
  }
  if (perMs === 0) return assumedCallMs;
  return Math.round(Math.min(longestWaitMs, Math.max(shortestWaitMs, (line + 1) / perMs)));
}

/** What a caller did wrong, or wanted, says nothing about the instance. */
function countsAsFailure(error: GantryError): boolean {
  return error.status >= 500;
}

function usageOf(usage: unknown): Usage | undefined {
  if (typeof usage !== "object" || usage === null) return undefined;
  return Object.fromEntries(Object.entries(usage).filter(([, amount]) => typeof amount === "number"));
}
