/** The type `openai`: a server with an OpenAI-compatible API (Ollama, vLLM, llama.cpp, a hosted one) as a provider of its models. */
import { GantryError, type ProviderModel, type Usage } from "@gantry/contract";

import { readApiKey } from "../api-key.ts";
import { createBoundFetch } from "../bound-fetch.ts";
import type { InstanceContext, RunningInstance, StartInstance } from "../kind.ts";
import type { LocalAnswer, LocalCall, LocalDocument } from "../local-link.ts";
import { createUpstream, type Json, streamedError, type Upstream } from "./upstream.ts";

/** Models of a local server come and go as its owner pulls them. */
const refreshMs = 60_000;
const listTimeoutMs = 10_000;
/** A long answer of a slow model is no fault. */
const defaultTimeoutMs = 600_000;
const defaultConcurrency = 64;

export function createOpenAiKind(): StartInstance {
  return async (context) => {
    const { provider, signal } = context;
    const { url, models: configured } = provider.settings;
    if (url === undefined)
      throw new GantryError("configurationInvalid", `[provider.${provider.name}] needs a url, such as http://127.0.0.1:11434/v1.`);
    const secret = await readApiKey(provider);
    const upstream = createUpstream({ base: url, fetch: createBoundFetch(url, secret), secret });
    const models = configured.length > 0 ? configured.map((id) => ({ id })) : await listModels(upstream, signal);
    return serve(context, upstream, url, models);
  };
}

function serve(context: InstanceContext, upstream: Upstream, url: string, first: ProviderModel[]): RunningInstance {
  const { provider, logger, join } = context;
  const { settings } = provider;
  let settle: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => (settle = resolve));
  let models = first;
  const joined = join(documentOf(settings, models), {
    invoke: (call) => invoke(upstream, url, call),
    async health() {
      await look();
      return { status: "ok", detail: `${models.length} models` };
    },
    gone(reason) {
      clearInterval(refresh);
      settle(reason);
    },
  });

  /** Asks for the models, which also tells whether the server answers. */
  const look = async () => {
    const found = await listModels(upstream, AbortSignal.timeout(listTimeoutMs));
    if (settings.models.length > 0 || sameIds(found, models)) return;
    joined.update(documentOf(settings, found));
    logger.info({ before: models.length, now: found.length }, "the models of an upstream changed");
    models = found;
  };
  const refresh = setInterval(() => {
    look().then(
      () => joined.status("ok"),
      (error: Error) => joined.status("degraded", error.message.slice(0, 200)),
    );
  }, refreshMs);
  refresh.unref();

  return {
    ended,
    async stop(reason) {
      joined.leave(reason);
    },
  };
}

function documentOf(settings: InstanceContext["provider"]["settings"], models: ProviderModel[]): LocalDocument {
  const timeoutMs = settings.timeoutMs ?? defaultTimeoutMs;
  // Running one twice costs tokens and changes nothing, so a server that is down may be replaced by another.
  const method = { idempotent: true, timeoutMs };
  return {
    kind: "llm",
    description: settings.description ?? `OpenAI-compatible server at ${new URL(settings.url as string).host}`,
    models,
    capabilities: ["chat", "embed"],
    methods: [
      { name: "chat", stream: true, description: "OpenAI's chat completions; `stream: true` in the params sends chunks", ...method },
      { name: "embed", stream: false, description: "OpenAI's embeddings", ...method },
      ...(settings.responses ? [{ name: "responses", stream: true, description: "OpenAI's responses", ...method }] : []),
    ],
    capacity: { concurrency: settings.concurrency ?? defaultConcurrency, weight: 1 },
  };
}

async function listModels(upstream: Upstream, signal: AbortSignal): Promise<ProviderModel[]> {
  const { data } = await upstream.get("/models", signal);
  if (!Array.isArray(data)) throw new GantryError("internal", "its list of models holds no data");
  return data.flatMap((entry) => {
    const { id, max_model_len: contextTokens, context_window: window } = (entry ?? {}) as Json;
    if (typeof id !== "string" || !usableId.test(id) || id.length > 128) return [];
    const tokens = contextTokens ?? window;
    return [{ id, ...(Number.isSafeInteger(tokens) && (tokens as number) > 0 ? { contextTokens: tokens as number } : {}) }];
  });
}

/** What a name may look like here; a list with one odd name must not lose the others. */
const usableId = /^[A-Za-z0-9](?:[A-Za-z0-9._:/-]*[A-Za-z0-9])?$/;

function sameIds(one: ProviderModel[], other: ProviderModel[]): boolean {
  const ids = new Set(one.map(({ id }) => id));
  return ids.size === other.length && other.every(({ id }) => ids.has(id));
}

const paths: Record<string, string> = { chat: "/chat/completions", embed: "/embeddings", responses: "/responses" };

async function invoke(upstream: Upstream, url: string, call: LocalCall): Promise<LocalAnswer> {
  const path = paths[call.method] as string;
  const params = call.params as Json | null;
  if (typeof params !== "object" || params === null)
    throw new GantryError("invalidArgument", "The params must be an object as in OpenAI's API.");
  if (params["stream"] !== true || call.method === "embed") {
    const data = await upstream.post(path, params, call.signal);
    return { data, usage: usageOf(data["usage"]) };
  }
  // Usage is always asked for: it is told to whoever watches the call, and to the caller only if it asked.
  const body =
    call.method === "chat"
      ? { ...params, stream_options: { ...(params["stream_options"] as Json | undefined), include_usage: true } }
      : params;
  let usage: Usage | undefined;
  let sawEnd = false;
  const isMarked = await upstream.stream(path, body, call.signal, async (data, name) => {
    const isResponse = call.method === "responses";
    if (!isResponse && data["error"] !== undefined && data["error"] !== null) throw streamedError(data, url);
    if (name === "error" && !isResponse) throw streamedError({ error: data }, url);
    const holder = isResponse ? (data["response"] as Json | undefined) : data;
    usage = usageOf(holder?.["usage"]) ?? usage;
    sawEnd ||= isResponse ? /^response\.(?:completed|incomplete|failed)$/.test(String(data["type"])) : hasFinished(data);
    await call.send(data);
  });
  if (!isMarked && !sawEnd) {
    throw new GantryError("aborted", `${url} ended its stream before the answer was whole.`, { details: { mayHaveExecuted: true } });
  }
  return { data: null, usage };
}

function hasFinished({ choices }: Json): boolean {
  return Array.isArray(choices) && choices.some((choice) => typeof (choice as Json | null)?.["finish_reason"] === "string");
}

function usageOf(usage: unknown): Usage | undefined {
  if (typeof usage !== "object" || usage === null) return undefined;
  const amounts = Object.entries(usage).filter((entry): entry is [string, number] => typeof entry[1] === "number");
  return amounts.length === 0 ? undefined : Object.fromEntries(amounts);
}
