/** Speaks to one OpenAI-compatible server over HTTP: JSON answers, streams of events, and its errors in our codes. */
import { type ErrorCode, GantryError, providerPayloadLimitBytes, type ProviderCode } from "@gantry/contract";
import { createParser } from "eventsource-parser";

export type Json = Record<string, unknown>;

export interface Upstream {
  get(path: string, signal: AbortSignal): Promise<Json>;
  post(path: string, body: unknown, signal: AbortSignal): Promise<Json>;
  /**
   * Hands each event's data over, one after the other, until `[DONE]` or the end. Resolves to true when the end was marked.
   * A body that is JSON instead of a stream is one event.
   */
  stream(
    path: string,
    body: unknown,
    signal: AbortSignal,
    onData: (data: Json, name: string | undefined) => Promise<void>,
  ): Promise<boolean>;
}

export interface UpstreamParts {
  /** With or without a slash at its end. */
  base: string;
  /** Bound to the base's origin; adds the key. */
  fetch: typeof fetch;
  /** Never to be seen in a message, even when the server repeats it. */
  secret: string | undefined;
}

export function createUpstream({ base, fetch, secret }: UpstreamParts): Upstream {
  const root = base.replace(/\/+$/, "");

  const send = async (path: string, signal: AbortSignal, body: unknown, accept: string): Promise<Response> => {
    let response: Response;
    try {
      response = await fetch(`${root}${path}`, {
        method: body === undefined ? "GET" : "POST",
        headers: { accept, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal,
      });
    } catch (error) {
      throw unreachable(error, root);
    }
    if (response.ok) return response;
    throw refusal(response, await readText(response).catch(() => ""), root, secret);
  };

  const json = async (path: string, signal: AbortSignal, body?: unknown): Promise<Json> => {
    const response = await send(path, signal, body, "application/json");
    return parseObject(await readText(response).catch((error: unknown) => Promise.reject(brokenOff(error, root))), root);
  };

  return {
    get: (path, signal) => json(path, signal),
    post: (path, body, signal) => json(path, signal, body),
    async stream(path, body, signal, onData) {
      const response = await send(path, signal, body, "text/event-stream");
      if (response.headers.get("content-type")?.includes("application/json") === true) {
        await onData(parseObject(await readText(response), root), undefined);
        return true;
      }
      return readEvents(response, root, onData);
    },
  };
}

async function readEvents(
  response: Response,
  root: string,
  onData: (data: Json, name: string | undefined) => Promise<void>,
): Promise<boolean> {
  const events: { data: string; event?: string | undefined }[] = [];
  const parser = createParser({ onEvent: (event) => void events.push(event) });
  const decoder = new TextDecoder();
  let sinceEvent = 0;
  const reader = response.body?.getReader();
  if (reader === undefined) throw new GantryError("internal", `${root} answered without a body.`);
  try {
    for (;;) {
      const step = await reader.read().catch((error: unknown) => Promise.reject(brokenOff(error, root)));
      if (step.done) return false;
      parser.feed(decoder.decode(step.value, { stream: true }));
      // An event that never ends must not fill the memory.
      sinceEvent = events.length > 0 ? 0 : sinceEvent + step.value.length;
      if (sinceEvent > providerPayloadLimitBytes) throw tooLarge(root);
      for (const { data, event } of events.splice(0)) {
        if (data === "[DONE]") return true;
        await onData(parseObject(data, root), event);
      }
    }
  } finally {
    // Also tells the server when the call was cancelled or its answer made no sense.
    await reader.cancel().catch(() => undefined);
  }
}

async function readText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > providerPayloadLimitBytes) throw tooLarge(new URL(response.url).origin);
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function parseObject(text: string, root: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new GantryError("internal", `${root} answered with what is not JSON: ${text.slice(0, 120)}`);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new GantryError("internal", `${root} answered with JSON that is not an object: ${text.slice(0, 120)}`);
}

function tooLarge(root: string): GantryError {
  return new GantryError(
    "resourceExhausted",
    `${root} answered with more than ${providerPayloadLimitBytes} bytes in one piece. Ask for a stream.`,
    {
      retryable: false,
      details: { limitBytes: providerPayloadLimitBytes },
    },
  );
}

/** Nothing was executed when the connection could not be made. */
const notConnected = new Set(["ECONNREFUSED", "ENOTFOUND", "EHOSTUNREACH", "ENETUNREACH", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

function unreachable(error: unknown, root: string): unknown {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string; errors?: { code?: string }[] } };
  if (name === "AbortError" || error instanceof GantryError) return error;
  const code = cause?.code ?? cause?.errors?.[0]?.code;
  const why = cause?.message || code || message;
  if (code !== undefined && notConnected.has(code)) {
    return new GantryError("unavailable", `${root} cannot be reached (${why}). Nothing was sent.`, { retryable: true, cause: error });
  }
  if (code !== undefined) return brokenOff(error, root);
  // A refusal of our own, such as a redirect, or of fetch itself: nothing went wrong on the way.
  return new GantryError("internal", cause?.message === undefined ? message : `${root} was not asked: ${cause.message}.`, { cause: error });
}

function brokenOff(error: unknown, root: string): unknown {
  if (error instanceof GantryError || (error as Error).name === "AbortError") return error;
  const { message, cause } = error as Error & { cause?: { message?: string } };
  return new GantryError("aborted", `${root} broke off its answer (${cause?.message ?? message}). It may have executed.`, {
    cause: error,
    details: { mayHaveExecuted: true },
  });
}

/** What each status of the server is among our codes; other 4xx are the caller's, other 5xx the server's fault. */
const codeOfStatus: Record<number, ProviderCode> = {
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  408: "DEADLINE_EXCEEDED",
  429: "RESOURCE_EXHAUSTED",
  501: "UNIMPLEMENTED",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};
const ourCode: Partial<Record<ProviderCode, ErrorCode>> = {
  UNAUTHENTICATED: "unauthenticated",
  PERMISSION_DENIED: "permissionDenied",
  NOT_FOUND: "notFound",
  DEADLINE_EXCEEDED: "deadlineExceeded",
  RESOURCE_EXHAUSTED: "resourceExhausted",
  UNIMPLEMENTED: "unimplemented",
  UNAVAILABLE: "unavailable",
  INVALID_ARGUMENT: "invalidArgument",
};

function refusal(response: Response, text: string, root: string, secret: string | undefined): GantryError {
  const { status, headers } = response;
  const clean = secret === undefined ? text : text.replaceAll(secret, "***");
  const error = errorIn(clean);
  const providerCode = codeOfStatus[status] ?? (status < 500 ? "INVALID_ARGUMENT" : "INTERNAL");
  const words =
    typeof error["message"] === "string" && error["message"] !== "" ? error["message"] : clean.slice(0, 200) || response.statusText;
  const whose = status === 401 || status === 403 ? " It refused the key that Gantry is configured with." : "";
  const retryAfterMs = waitOf(headers);
  return new GantryError(ourCode[providerCode] ?? "internal", `${root} answered ${status}: ${words}${whose}`, {
    retryable: status === 408 || status === 429 || status >= 500,
    details: { providerCode, status, error, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  });
}

/** An error that came inside a stream which had begun well. */
export function streamedError(data: Json, root: string): GantryError {
  const error = errorIn(JSON.stringify(data));
  return new GantryError(
    "internal",
    `${root} failed in the middle of its answer: ${typeof error["message"] === "string" ? error["message"] : "no message was given"}`,
    {
      details: { providerCode: "INTERNAL", error, mayHaveExecuted: true },
    },
  );
}

/** `{ error: { … } }`, or `{ error: "text" }` as some servers have it. */
function errorIn(text: string): Json {
  try {
    const { error, message } = JSON.parse(text) as Json;
    if (typeof error === "object" && error !== null) return error as Json;
    return { message: error ?? message };
  } catch {
    return {};
  }
}

function waitOf(headers: Headers): number | undefined {
  const exact = Number(headers.get("retry-after-ms") ?? Number.NaN);
  if (exact >= 0) return Math.round(exact);
  const given = headers.get("retry-after");
  if (given === null) return undefined;
  const seconds = Number(given);
  const waitMs = Number.isNaN(seconds) ? Date.parse(given) - Date.now() : seconds * 1000;
  return Number.isNaN(waitMs) ? undefined : Math.max(0, Math.round(waitMs));
}
