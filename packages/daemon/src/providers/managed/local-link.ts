/**
 * A provider that lives inside the daemon and only does I/O: it speaks the same protocol as one that dialled in, without a socket between.
 *
 * What it registers, how its calls are routed, paced by credit, cancelled, and drained is therefore decided in one place for all.
 */
import {
  GantryError,
  type HealthAnswer,
  type InvokeMessage,
  isProviderCode,
  providerCodeOf,
  type ProviderFailure,
  providerProtocolVersion,
  type RegisterAck,
  type RegisterMessage,
  streamCreditBytes,
  type Usage,
} from "@gantry/contract";
import { approximateBytes } from "@gantry/contract/json-weight";

import { cleanText } from "../failure.ts";
import type { Listener, ProviderSocket } from "../socket.ts";

export interface LocalCall {
  readonly id: string;
  readonly method: string;
  /** Has passed the method's input schema. */
  readonly params: unknown;
  /** Milliseconds that are left for the whole call. */
  readonly budgetMs: number;
  /** 2 when another instance was lost with this call. */
  readonly attempt: number;
  readonly idempotencyKey: string | undefined;
  /** W3C traceparent of the caller. */
  readonly trace: string | undefined;
  /** Aborted with a reason (text) when the caller cancels, the budget is spent, or the instance leaves. */
  readonly signal: AbortSignal;
  /** Sends one chunk. Resolves when the next one may come, so that a slow reader slows the source; rejects once the call is aborted. */
  send(chunk: unknown): Promise<void>;
}

export interface LocalAnswer {
  data: unknown;
  usage?: Usage | undefined;
}

/** What the daemon asks of the provider. */
export interface LocalBehaviour {
  /** A GantryError that it throws is told with its code; anything else is INTERNAL. */
  invoke(call: LocalCall): Promise<LocalAnswer>;
  /** Default: ok. */
  health?(): Promise<HealthAnswer>;
  /** Once: it drained, was replaced, or `leave` was called. Its calls have been aborted. */
  gone(reason: string): void;
}

/** What is registered; the rest follows from the configuration. */
export type LocalDocument = Partial<Omit<RegisterMessage, "proto" | "name" | "instance" | "epoch">>;

export interface LocalProvider {
  /** Replaces the whole document. Throws a GantryError when it is refused; the old one then stays. */
  update(document: LocalDocument): void;
  status(state: "ok" | "degraded", detail?: string): void;
  /** Takes no more calls and aborts those in progress. */
  leave(reason: string): void;
}

export interface LocalIdentity {
  name: string;
  instance: string;
  epoch: number;
}

interface RunningCall {
  abort: AbortController;
  credit(chunks: number, taken: number | undefined): void;
}

let links = 0;

/** Registers at once; throws a GantryError when the room refuses. */
export function openLocalLink(
  accept: (socket: ProviderSocket) => void,
  identity: LocalIdentity,
  document: LocalDocument,
  behaviour: LocalBehaviour,
): LocalProvider {
  const toDaemon = new Map<string, Listener[]>();
  const running = new Map<string, RunningCall>();
  let isGone = false;
  let isDraining = false;

  const tell = (event: string, ...args: unknown[]) => {
    for (const listener of toDaemon.get(event) ?? []) listener(...args);
  };

  const leave = (reason: string) => {
    if (isGone) return;
    isGone = true;
    for (const { abort } of running.values()) abort.abort(reason);
    tell("unregister", { reason }, () => undefined);
    tell("disconnect", reason);
    behaviour.gone(reason);
  };

  const leaveWhenIdle = (reason: string) => {
    if (isDraining && running.size === 0) leave(reason);
  };

  const run = async (message: InvokeMessage) => {
    const { call, state } = openCall(message, (chunk) => !isGone && tell("chunk", chunk));
    running.set(message.id, state);
    try {
      const { data, usage } = await behaviour.invoke(call);
      if (!isGone) tell("result", { id: message.id, data, ...(usage === undefined ? {} : { usage }) });
    } catch (error) {
      if (!isGone) tell("fail", { id: message.id, error: failureFrom(error, call.signal) });
    } finally {
      running.delete(message.id);
      leaveWhenIdle("it drained");
    }
  };

  const fromDaemon: Record<string, (message: never, ack?: (answer: unknown) => void) => void> = {
    // Not in the daemon's own turn: it is still handing the call over.
    invoke: (message: InvokeMessage) => queueMicrotask(() => void run(message)),
    cancel: ({ id, reason }: { id: string; reason: string }) => running.get(id)?.abort.abort(reason),
    credit: ({ id, n, taken }: { id: string; n: number; taken?: number }) => running.get(id)?.credit(n, taken),
    health: (_request: unknown, ack) => {
      Promise.resolve(behaviour.health?.() ?? { status: "ok" }).then(ack, (error: unknown) =>
        ack?.({ status: "failing", detail: cleanText(textOf(error)).slice(0, 512) }),
      );
    },
    drain: ({ reason }: { reason: string }) => {
      isDraining = true;
      queueMicrotask(() => leaveWhenIdle(reason));
    },
  };

  const socket: ProviderSocket = {
    id: `local-${(links += 1)}`,
    on: (event, listener) => void toDaemon.set(event, [...(toDaemon.get(event) ?? []), listener]),
    emit: (event, message, ack) => fromDaemon[event]?.(message as never, ack as never),
    disconnect: () => leave("the daemon ended it"),
  };
  accept(socket);

  const register = (changed: LocalDocument) => {
    let answer: RegisterAck | undefined;
    tell("register", { proto: providerProtocolVersion, ...identity, ...changed }, (given: RegisterAck) => (answer = given));
    if (answer?.ok !== true) throw new GantryError("invalidArgument", answer?.error.message ?? "its registration was not answered");
  };
  register(document);

  return {
    update: register,
    status: (state, detail) => tell("status", { state, inflight: running.size, ...(detail === undefined ? {} : { detail }) }),
    leave,
  };
}

function openCall(message: InvokeMessage, emit: (chunk: unknown) => void): { call: LocalCall; state: RunningCall } {
  const { id, method, params, budgetMs, attempt, idem, trace } = message;
  const abort = new AbortController();
  let credit = message.credit;
  let seq = 0;
  let taken = 0;
  let outBytes = 0;
  /** Weights of the chunks that are not known to be consumed, oldest first. */
  const weights: number[] = [];
  let resume: (() => void) | undefined;
  abort.signal.addEventListener("abort", () => resume?.());
  const mayGoOn = () => abort.signal.aborted || (credit > 0 && outBytes < streamCreditBytes);

  return {
    call: {
      id,
      method,
      params,
      budgetMs,
      attempt,
      idempotencyKey: idem,
      trace,
      signal: abort.signal,
      async send(chunk) {
        abort.signal.throwIfAborted();
        const bytes = approximateBytes(chunk, streamCreditBytes);
        credit -= 1;
        outBytes += bytes;
        weights.push(bytes);
        emit({ id, seq, data: chunk });
        seq += 1;
        while (!mayGoOn()) await new Promise<void>((resolve) => (resume = resolve));
        abort.signal.throwIfAborted();
      },
    },
    state: {
      abort,
      credit(chunks, takenInAll = taken + chunks) {
        credit += chunks;
        for (const bytes of weights.splice(0, takenInAll - taken)) outBytes -= bytes;
        taken = takenInAll;
        if (mayGoOn()) resume?.();
      },
    },
  };
}

function failureFrom(error: unknown, signal: AbortSignal): ProviderFailure {
  if (signal.aborted) return { code: "CANCELLED", message: textOf(signal.reason), retryable: false };
  if (!(error instanceof GantryError)) return { code: "INTERNAL", message: textOf(error), retryable: false };
  const { message, retryable, details } = error;
  const given = details?.["providerCode"];
  const code = isProviderCode(given) ? given : providerCodeOf(error.code);
  return { code, message, retryable, ...(details === undefined ? {} : { details }) };
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
