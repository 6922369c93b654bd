/**
 * The events of the provider manager before this one (`provider:register`, `provider:invoke`, `stream:data`, …), said in today's protocol,
 * so that its providers and clients keep working while they move. Everything about it is in this file and can go with it.
 *
 * A provider registers with models and tools and is called by `provider:invoke` (acknowledged) or `provider:stream`; a client lists and
 * calls with the same events. Ids and names are read in the spellings that were in use (`provider_id`, `providerId`, `id`).
 */
import {
  GantryError,
  olderFeature,
  providerPayloadLimitBytes,
  type CapabilityInfo,
  type ModelInfo,
  type Permission,
  type ProviderSummary,
} from "@gantry/contract";
import { approximateBytes } from "@gantry/contract/json-weight";

import { type Caller, requirePermission } from "../core/caller.ts";
import type { Call, CallRequest } from "./call.ts";
import type { CallEngine } from "./calls.ts";
import type { Route } from "./routing.ts";
import { acknowledge, type Listener, type ProviderSocket } from "./socket.ts";

type Fields = Record<string, unknown>;

export interface OlderParts {
  calls: CallEngine;
  list(): ProviderSummary[];
  models(): ModelInfo[];
  capabilities(): CapabilityInfo[];
  /** A provider that has the method; one of today's protocol where there are both. */
  whoHas(method: string): string | undefined;
}

/** A provider that says nothing for so long is called degraded; the connection alone decides whether it is there. */
const quietMs = 60_000;
/** Older providers know no credit: what a slow reader has not taken waits here. */
const maxHeldBytes = 4 * providerPayloadLimitBytes;

const wellWords = new Set(["ok", "healthy", "online", "active", "ready"]);

const fields = (value: unknown): Fields => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {});
const textIn = (source: Fields, ...names: string[]): string | undefined =>
  names.map((name) => source[name]).find((value): value is string => typeof value === "string" && value !== "");
const idIn = (message: unknown) => textIn(fields(message), "request_id", "requestId", "stream_id", "streamId", "id");
const listIn = (source: Fields, name: string): unknown[] => (Array.isArray(source[name]) ? source[name] : []);
const asName = (text: string) =>
  text
    .replaceAll(/[^A-Za-z0-9._:/-]/g, "-")
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "")
    .slice(0, 128);
const failed = (error: unknown) => {
  const message = error instanceof Error ? error.message : "it failed without a message";
  return { success: false, error: message, code: error instanceof GantryError ? error.code : "internal" };
};

/** Lets this connection register a provider in the older way. `accept` opens a connection of today's protocol. */
export function openOlderProvider(socket: ProviderSocket, accept: (inner: ProviderSocket) => void, now: () => number): void {
  const toDaemon = new Map<string, Listener[]>();
  const streams = new Map<string, HeldStream>();
  let document: Fields | undefined;
  let heardAt = now();

  const tell = (event: string, ...args: unknown[]) => {
    for (const listener of toDaemon.get(event) ?? []) listener(...args);
  };
  const finish = (id: string, event: "result" | "fail", message: Fields) => {
    const stream = streams.get(id);
    if (stream === undefined) return tell(event, { id, ...message });
    streams.delete(id);
    return stream.finish(() => tell(event, { id, ...message }));
  };
  const fail = (id: string, error: unknown) => {
    const given = fields(error);
    const message = typeof error === "string" ? error : (textIn(given, "message", "error") ?? "it failed without a message");
    finish(id, "fail", { error: { code: textIn(given, "code") ?? "INTERNAL", message } });
  };
  const answered = (id: string, answer: unknown) => {
    const { success, ok, error, result, data, usage } = fields(answer);
    if (success === false || ok === false || (error !== undefined && error !== null)) fail(id, error);
    else finish(id, "result", { data: result ?? data ?? answer, ...(usage === undefined ? {} : { usage }) });
  };

  const fromDaemon: Record<string, (message: Fields, ack?: (answer: unknown) => void) => void> = {
    invoke({ id: given, method, params, credit }) {
      const id = given as string;
      const { model, stream } = fields(params);
      const call = {
        request_id: id,
        stream_id: id,
        method,
        tool: method,
        params,
        arguments: params,
        ...(model === undefined ? {} : { model }),
      };
      if (stream === true) {
        streams.set(id, holdChunks(id, credit as number, tell));
        socket.emit("provider:stream", call);
      } else socket.emit("provider:invoke", call, (answer: unknown) => answered(id, answer));
    },
    cancel: ({ id, reason }) => void socket.emit("stream:cancel", { request_id: id, stream_id: id, reason }),
    credit: ({ id, n }) => streams.get(id as string)?.credit(n as number),
    health(_request, ack) {
      const silentMs = now() - heardAt;
      ack?.({
        status: silentMs > quietMs ? "degraded" : "ok",
        detail: `older protocol, last heard of ${Math.round(silentMs / 1000)} s ago`,
      });
    },
  };
  const inner: ProviderSocket = {
    id: `${socket.id}-older`,
    on: (event, listener) => void toDaemon.set(event, [...(toDaemon.get(event) ?? []), listener]),
    emit: (event, message, ack) => fromDaemon[event]?.(fields(message), ack as never),
    disconnect: (close) => socket.disconnect(close),
    ...(socket.conn === undefined ? {} : { conn: socket.conn }),
  };

  const register = (ack: unknown) => {
    tell("register", { ...document, epoch: now() }, (answer: { ok: boolean; error?: { message: string } }) => {
      const id = document?.["name"];
      acknowledge(ack, answer.ok ? { success: true, provider_id: id, providerId: id } : { success: false, error: answer.error?.message });
    });
  };
  socket.on("provider:register", (message: unknown, ack: unknown) => {
    if (document === undefined) accept(inner);
    heardAt = now();
    document = documentOf(fields(message), socket.id);
    register(ack);
  });
  socket.on("provider:update", (message: unknown, ack: unknown) => {
    if (document === undefined) return acknowledge(ack, { success: false, error: "provider:update came before provider:register" });
    heardAt = now();
    // Only what is named changes.
    const changed = documentOf({ ...(document["said"] as Fields), ...fields(message) }, socket.id);
    document = { ...changed, name: document["name"], instance: document["instance"] };
    return register(ack);
  });
  socket.on("provider:heartbeat", (message: unknown, ack: unknown) => {
    heardAt = now();
    const { status, load, queue } = fields(message);
    const isWell = status === undefined || (typeof status === "string" && wellWords.has(status));
    const waiting = [queue, load].find((count) => Number.isSafeInteger(count) && (count as number) >= 0) ?? 0;
    if (document !== undefined) tell("status", { state: isWell ? "ok" : "degraded", queue: waiting });
    acknowledge(ack, { success: true });
  });
  socket.on("stream:data", (message: unknown) => {
    const stream = streams.get(idIn(message) ?? "");
    const { data, chunk, content, delta } = fields(message);
    if (stream?.add(data ?? chunk ?? content ?? delta) === false)
      fail(idIn(message) as string, { code: "RESOURCE_EXHAUSTED", message: "its reader is too slow" });
  });
  socket.on("stream:end", (message: unknown) => {
    const { result, usage } = fields(message);
    finish(idIn(message) ?? "", "result", { data: result ?? null, ...(usage === undefined ? {} : { usage }) });
  });
  socket.on("stream:error", (message: unknown) => fail(idIn(message) ?? "", fields(message)["error"]));
  socket.on("disconnect", (reason: unknown) => tell("disconnect", reason));
}

interface HeldStream {
  /** False when too much waits. */
  add(item: unknown): boolean;
  credit(chunks: number): void;
  /** After the last chunk. */
  finish(end: () => void): void;
}

function holdChunks(id: string, firstCredit: number, tell: (event: string, message: unknown) => void): HeldStream {
  let credit = firstCredit;
  let seq = 0;
  let held: unknown[] = [];
  let bytes = 0;
  let end: (() => void) | undefined;
  const flush = () => {
    const batch = held.slice(0, credit);
    held = held.slice(credit);
    if (held.length === 0) bytes = 0;
    credit -= batch.length;
    const from = seq;
    seq += batch.length;
    if (batch.length > 0) tell("chunk", { id, seq: from, batch });
    if (held.length === 0) end?.();
  };
  return {
    add(item) {
      held.push(item);
      bytes += approximateBytes(item, maxHeldBytes);
      flush();
      return bytes <= maxHeldBytes;
    },
    credit(chunks) {
      credit += chunks;
      flush();
    },
    finish(done) {
      end = done;
      flush();
    },
  };
}

/** Models are called by `chat`; each tool is a method. `said` keeps the words of the provider for a later `provider:update`. */
function documentOf(said: Fields, socketId: string): Fields {
  const models = listIn(said, "models").flatMap((model) => {
    const id = asName(typeof model === "string" ? model : (textIn(fields(model), "id", "name", "model") ?? ""));
    return id === "" ? [] : [{ id }];
  });
  const tools = listIn(said, "tools").flatMap((tool) => {
    const given = fields(tool);
    const name = asName(typeof tool === "string" ? tool : (textIn(given, "name", "id") ?? ""));
    const input = given["inputSchema"] ?? given["input_schema"] ?? given["parameters"];
    const description = textIn(given, "description");
    return name === "" || name === "chat"
      ? []
      : [{ name, ...(description === undefined ? {} : { description }), ...(fields(input) === input ? { input } : {}) }];
  });
  return {
    proto: 1,
    name: asName(textIn(said, "provider_id", "providerId", "id", "name") ?? ""),
    instance: `older-${socketId}`,
    version: textIn(said, "version") ?? "older",
    kind: models.length > 0 ? "llm" : "tool",
    models,
    capabilities: [
      ...new Set(
        [...listIn(said, "capabilities"), ...(models.length > 0 ? ["chat"] : [])].filter((one) => typeof one === "string").map(asName),
      ),
    ],
    methods: [...(models.length > 0 ? [{ name: "chat", stream: true }] : []), ...tools],
    features: [olderFeature],
    said,
  };
}

/** Lets this connection list and call providers in the older way. */
export function openOlderCaller(socket: ProviderSocket, caller: Caller, { calls, list, models, capabilities, whoHas }: OlderParts): void {
  const open = new Map<string, Call>();
  let streams = 0;

  /** A caller that sends no payload sends its acknowledgement first. */
  const answering = (event: string, permission: Permission, answer: (message: Fields) => Fields) =>
    socket.on(event, (message: unknown, ack: unknown) => {
      const reply = typeof message === "function" ? message : ack;
      try {
        requirePermission(caller, permission, `use ${event}`);
        acknowledge(reply, { success: true, ...answer(fields(message)) });
      } catch (error) {
        acknowledge(reply, failed(error));
      }
    });
  answering("provider:list_all", "providers.read", () => ({
    providers: list().map(({ name, kind, state, models: ids, methods, capabilities: able }) => ({
      provider_id: name,
      id: name,
      name,
      type: kind,
      status: state,
      models: ids,
      tools: methods,
      capabilities: able,
    })),
  }));
  answering("provider:list_models", "providers.read", () => ({
    models: models().map(({ id, providers }) => ({ id, name: id, provider: providers[0], provider_id: providers[0], providers })),
  }));
  answering("provider:list_tools", "providers.read", () => ({
    tools: list().flatMap(({ name, methods }) =>
      methods.filter((method) => method !== "chat").map((tool) => ({ name: tool, provider: name, provider_id: name })),
    ),
  }));
  answering("provider:capabilities", "providers.read", (message) => {
    const wanted = textIn(message, "provider_id", "providerId", "provider", "id", "name");
    const all =
      wanted === undefined
        ? capabilities().map(({ capability }) => capability)
        : (list().find(({ name }) => name === wanted)?.capabilities ?? []);
    return { capabilities: all };
  });

  const requestOf = (message: Fields, stream: boolean): CallRequest => {
    const { params, arguments: given, args } = message;
    const model = textIn(message, "model", "model_id", "modelId");
    const method = textIn(message, "method", "tool", "tool_name", "action") ?? "chat";
    const provider = textIn(message, "provider_id", "providerId", "provider") ?? (model === undefined ? whoHas(method) : undefined);
    const route: Route | undefined = provider !== undefined ? { provider } : model !== undefined ? { model } : undefined;
    if (route === undefined)
      throw new GantryError("notFound", `No provider has ${method}; name a provider_id or a model. Nothing was sent.`);
    const said = fields(params ?? given ?? args);
    return {
      route,
      method,
      params: { ...said, ...(model === undefined ? {} : { model }), ...(stream && method === "chat" ? { stream } : {}) },
      owner: caller.keyId,
    };
  };

  socket.on("provider:invoke", (message: unknown, ack: unknown) => {
    try {
      requirePermission(caller, "providers.call", "call providers");
      const chunks: unknown[] = [];
      const call = calls.start(requestOf(fields(message), false), {
        chunks(from, _seq, items) {
          chunks.push(...items);
          calls.consumed(from, items.length);
        },
        settled(from, outcome) {
          open.delete(from.id);
          acknowledge(
            ack,
            outcome.ok
              ? { success: true, result: outcome.result ?? chunks, ...(chunks.length > 0 ? { chunks } : {}), usage: outcome.usage }
              : failed(outcome.error),
          );
        },
      });
      if (call.state !== "closed") open.set(call.id, call);
    } catch (error) {
      acknowledge(ack, failed(error));
    }
  });
  socket.on("provider:stream", (message: unknown, ack: unknown) => {
    streams += 1;
    const id = idIn(message) ?? `stream-${streams}`;
    const ids = { request_id: id, stream_id: id };
    try {
      requirePermission(caller, "providers.call", "call providers");
      if (open.has(id)) throw new GantryError("conflict", `A stream with the id ${id} is open already.`);
      acknowledge(ack, { success: true, ...ids });
      const call = calls.start(requestOf(fields(message), true), {
        chunks(from, _seq, items) {
          for (const data of items) socket.emit("stream:data", { ...ids, data, chunk: data });
          calls.consumed(from, items.length);
        },
        settled(_from, outcome) {
          open.delete(id);
          if (outcome.ok) socket.emit("stream:end", { ...ids, result: outcome.result, usage: outcome.usage });
          else socket.emit("stream:error", { ...ids, ...failed(outcome.error) });
        },
      });
      if (call.state !== "closed") open.set(id, call);
    } catch (error) {
      socket.emit("stream:error", { ...ids, ...failed(error) });
    }
  });
  socket.on("stream:cancel", (message: unknown) => {
    const call = open.get(idIn(message) ?? "");
    if (call) calls.cancel(call, "its caller cancelled it");
  });
  socket.on("disconnect", () => {
    for (const call of open.values()) calls.cancel(call, "its caller disconnected");
  });
}
