/**
 * The daemon's side of one provider connection: checks every message, counts what makes no sense, never throws into the socket.
 *
 * `chunk`, `result`, and `fail` are checked by hand, not by schema: they come a hundred thousand times a second.
 */
import {
  DrainMessage,
  GantryError,
  olderFeature,
  providerCodeOf,
  providerPayloadLimitBytes,
  providerProtocolVersion,
  RegisterMessage,
  StatusMessage,
  streamCreditBytes,
  streamCreditChunks,
  type ProviderFailure,
  type ProviderType,
  UnregisterMessage,
} from "@gantry/contract";
import { exceedsBytes, maxJsonDepth } from "@gantry/contract/json-weight";
import { SlotMap } from "@gantry/contract/slot-map";
import type { z } from "zod";

import type { Caller } from "../core/caller.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { Call } from "./call.ts";
import type { CallEngine } from "./calls.ts";
import { cleanText } from "./failure.ts";
import { compileMethodSchema } from "./method-schema.ts";
import { createPace } from "./pace.ts";
import type { InstanceLink, InstanceMethod, ProviderInstance } from "./registry.ts";
import { acknowledge, type ProviderSocket } from "./socket.ts";

/** What the room does when a connection joins, changes, or leaves. */
export interface LinkEvents {
  /** Throws when the name is taken by a newer connection. Returns the other instances of the name. */
  join(instance: ProviderInstance, caller: Caller): string[];
  update(instance: ProviderInstance, document: RegisterMessage, methods: Map<string, InstanceMethod>): string[];
  status(instance: ProviderInstance, status: StatusMessage): void;
  drain(instance: ProviderInstance, reason: string): void;
  /** Takes no more calls; the connection may go on to finish those it has. */
  leave(instance: ProviderInstance, reason: string): void;
}

export interface LinkParts {
  calls: CallEngine;
  events: LinkEvents;
  clock: Clock;
  logger: Logger;
  node: string;
  /** How a provider of this name came to be. */
  typeOf(name: string): ProviderType;
}

/** Calls that are out, by connection: another provider's ids mean nothing here. */
const pendingOf = new WeakMap<InstanceLink, SlotMap<string, Call>>();

export function bindCall(instance: ProviderInstance, call: Call): void {
  pendingOf.get(instance.link)?.set(call.id, call);
}

export function unbindCall(instance: ProviderInstance, call: Call): void {
  pendingOf.get(instance.link)?.delete(call.id);
}

export function openLink(socket: ProviderSocket, caller: Caller, { calls, events, clock, logger, node, typeOf }: LinkParts): void {
  const pending = new SlotMap<string, Call>();
  const asked = new Set<(error: Error) => void>();
  let instance: ProviderInstance | undefined;
  let evictedFor: string | undefined;
  let isClosed = false;

  const link: InstanceLink = {
    emit: (event, message) => void socket.emit(event, message),
    ask: (event, message, timeoutMs) =>
      new Promise((resolve, reject) => {
        const finish = (settle: () => void) => {
          clearTimeout(timer);
          asked.delete(fail);
          settle();
        };
        const fail = (error: Error) => finish(() => reject(error));
        const timer = setTimeout(() => fail(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
        if (isClosed) return fail(new Error("the connection is closed"));
        asked.add(fail);
        socket.emit(event, message, (answer: unknown) => finish(() => resolve(answer)));
      }),
    evict(reason) {
      evictedFor ??= reason;
      socket.disconnect(true);
    },
  };
  pendingOf.set(link, pending);

  const malformed = (event: string) => {
    if (instance) instance.malformed += 1;
    logger.debug({ provider: instance?.label, socket: socket.id, event }, "a provider message made no sense and was dropped");
  };

  /** Runs a cold-path listener: refusals go to the acknowledgement, anything else is ours and is logged. */
  const guarded = (event: string, ack: unknown, run: () => unknown) => {
    try {
      acknowledge(ack, run());
    } catch (error) {
      malformed(event);
      acknowledge(ack, { ok: false, error: failureOf(error) });
      if (!(error instanceof GantryError)) logger.error({ err: error, event }, "handling a provider message failed");
    }
  };

  const register = (message: unknown) => {
    if (exceedsBytes(message, providerPayloadLimitBytes)) throw tooLargeDocument();
    const document = parse(RegisterMessage, message, "register");
    mayServe(caller, document.name);
    const methods = compileMethods(document);
    let peers: string[];
    if (instance === undefined) {
      const joining = createInstance(document, methods, link, typeOf(document.name), clock.now());
      peers = events.join(joining, caller);
      instance = joining;
    } else {
      if (document.name !== instance.name || document.instance !== instance.instance) {
        throw new GantryError(
          "invalidArgument",
          `This connection is ${instance.label}; open another one to register ${document.name}/${document.instance}.`,
        );
      }
      peers = events.update(instance, document, methods);
    }
    const limits = { maxPayload: providerPayloadLimitBytes, credit: streamCreditChunks, creditBytes: streamCreditBytes };
    return { ok: true, session: socket.id, node, proto: providerProtocolVersion, limits, peers };
  };

  const leave = (reason: string) => {
    if (instance) events.leave(instance, reason);
  };

  socket.on("register", (message: unknown, ack: unknown) => guarded("register", ack, () => register(message)));
  socket.on("unregister", (message: unknown, ack: unknown) =>
    guarded("unregister", typeof message === "function" ? message : ack, () => {
      const given = typeof message === "function" ? {} : parse(UnregisterMessage, message ?? {}, "unregister");
      leave(cleanText(given.reason ?? "it unregistered"));
      instance = undefined;
      return { ok: true };
    }),
  );
  socket.on("status", (message: unknown) =>
    guarded("status", undefined, () => instance && events.status(instance, parse(StatusMessage, message, "status"))),
  );
  socket.on("drain", (message: unknown) =>
    guarded("drain", undefined, () => instance && events.drain(instance, parse(DrainMessage, message ?? {}, "drain").reason)),
  );

  /** The call a message speaks of; undefined when it is over or was never this connection's. */
  const callOf = (message: unknown): Call | undefined => {
    if (typeof message !== "object" || message === null) return undefined;
    const id = (message as { id?: unknown }).id;
    return typeof id === "string" ? pending.get(id) : undefined;
  };

  socket.on("chunk", (message: { seq?: unknown; data?: unknown; batch?: unknown }) => {
    const call = callOf(message);
    if (call === undefined) return malformed("chunk");
    // `data` may be anything, null included; only its absence together with `batch` makes a chunk without content.
    const items = message.batch === undefined ? ("data" in message ? [message.data] : undefined) : message.batch;
    if (!calls.chunk(call, message.seq, items)) malformed("chunk");
  });
  socket.on("credit", (message: { n?: unknown }) => {
    // The same socket may also make calls; its credit for those has another id and is not for us.
    const call = callOf(message);
    if (call !== undefined && !calls.inputCredit(call, message.n)) malformed("credit");
  });
  socket.on("result", (message: { data?: unknown; usage?: unknown }) => {
    const call = callOf(message);
    if (call === undefined) return malformed("result");
    calls.result(call, message.data, message.usage);
  });
  socket.on("fail", (message: { error?: unknown }) => {
    const call = callOf(message);
    if (call === undefined) return malformed("fail");
    calls.fail(call, message.error);
  });

  // Without a listener Socket.IO prints to the console.
  socket.on("error", (error: unknown) => logger.warn({ err: error, socket: socket.id }, "a provider connection failed"));
  socket.on("disconnect", (reason: unknown) => {
    isClosed = true;
    const why = evictedFor ?? (instance?.state === "draining" ? (instance.detail ?? "it drained") : `connection lost: ${String(reason)}`);
    leave(why);
    const gone = new Error(why);
    for (const fail of asked) fail(gone);
    // A copy: settling takes calls out of the map.
    const aborted = calls.lost([...pending.values()], why);
    if (aborted > 0) logger.info({ socket: socket.id, aborted, reason: why }, "a provider connection ended with calls out");
  });
}

function createInstance(
  document: RegisterMessage,
  methods: Map<string, InstanceMethod>,
  link: InstanceLink,
  type: ProviderType,
  connectedAt: number,
): ProviderInstance {
  return {
    name: document.name,
    instance: document.instance,
    epoch: document.epoch,
    link,
    type,
    connectedAt,
    label: `${document.name}/${document.instance}`,
    document,
    methods,
    state: "ready",
    detail: undefined,
    concurrency: document.capacity.concurrency,
    weight: document.capacity.weight,
    inflight: 0,
    stats: { calls: 0, failures: 0 },
    pace: createPace(),
    breakers: new Map(),
    hint: undefined,
    isOlder: document.features.includes(olderFeature),
    malformed: 0,
  };
}

function compileMethods(document: RegisterMessage): Map<string, InstanceMethod> {
  const methods = new Map<string, InstanceMethod>();
  for (const method of document.methods) {
    if (methods.has(method.name))
      throw new GantryError("invalidArgument", `Method ${method.name} is declared twice. Nothing was registered.`);
    try {
      methods.set(method.name, { ...method, checkParams: method.input === undefined ? undefined : compileMethodSchema(method.input) });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new GantryError("invalidArgument", `The input schema of method ${method.name} cannot be used: ${why}. Nothing was registered.`);
    }
  }
  return methods;
}

function tooLargeDocument(): GantryError {
  const limits = `${providerPayloadLimitBytes} bytes and ${maxJsonDepth} levels`;
  return new GantryError("invalidArgument", `register: the document is over the limit of ${limits}. Nothing was registered.`);
}

function mayServe(caller: Caller, name: string): void {
  const isGranted = caller.providerNames === undefined || caller.providerNames.includes(name);
  if (caller.permissions.has("providers.serve") && isGranted) return;
  const needs =
    caller.providerNames === undefined ? "it needs a key of role provider or admin" : `it may serve ${caller.providerNames.join(", ")}`;
  throw new GantryError("permissionDenied", `This key may not register the provider ${name}: ${needs}.`);
}

function parse<Schema extends z.ZodType>(schema: Schema, message: unknown, event: string): z.output<Schema> {
  const parsed = schema.safeParse(message);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GantryError(
    "invalidArgument",
    `${event}: ${issue?.path.join(".") || "the message"} ${issue?.message ?? "is not understood"}.`,
    {
      details: { issues: parsed.error.issues.map(({ path, code, message }) => ({ path: path.join("."), rule: code, message })) },
    },
  );
}

function failureOf(error: unknown): ProviderFailure {
  if (!(error instanceof GantryError))
    return { code: "INTERNAL", message: "The daemon failed to handle this; its log says why.", retryable: false };
  const { code, message, retryable, details } = error;
  return { code: providerCodeOf(code), message, retryable, ...(details === undefined ? {} : { details }) };
}
