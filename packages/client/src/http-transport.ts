/** Calls operations over HTTP with fetch, in browsers and in Node. */
import { type AnyOperation, contract, csrfHeader, errorFromProblem, GantryError, pathParameters, type Problem } from "@gantry/contract";
import { jsonLinesType } from "@gantry/contract/json-lines";
import { EventSourceParserStream } from "eventsource-parser/stream";

import { createItemsBody } from "./items-body.ts";
import type { CallOptions, Transport } from "./transport.ts";

export type HttpTransportOptions = Credential & {
  /** For example http://127.0.0.1:8765; in a page served by the daemon, its own origin. */
  url: string;
};

/** A key; or, in the daemon's own page, the scripts' half of a browser's login, whose cookie goes along by itself. */
export type Credential = { key: string; csrf?: undefined } | { csrf: string; key?: undefined };

const acceptWhole = "application/json, text/*;q=0.9";

export interface ExchangeRequest {
  method: string;
  headers: Record<string, string>;
  body?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** Sends a request and reads the whole answer. Rejects as fetch does, or with the system's error itself. */
export type Exchange = (target: URL, request: ExchangeRequest) => Promise<{ status: number; type: string; text: string }>;

export function createHttpTransport({ url, key, csrf }: HttpTransportOptions, exchange: Exchange = exchangeByFetch): Transport {
  const credential: Record<string, string> = csrf === undefined ? { authorization: `Bearer ${key}` } : { [csrfHeader]: csrf };
  const prepare = (name: string, input: unknown, accept: string, { signal, timeoutMs }: CallOptions) => {
    const operation = findOperation(name);
    const { path, query, body } = place(operation, input as Record<string, unknown>);
    const signals = [signal, timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)].filter((one) => one !== undefined);
    return {
      operation,
      path: path + query,
      request: {
        method: operation.method,
        headers: { ...credential, accept, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        ...(body === undefined ? {} : { body }),
        ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
      },
    };
  };
  const send = async (name: string, input: unknown, accept: string, options: CallOptions) => {
    const { operation, path, request } = prepare(name, input, accept, options);
    const items = options.input === undefined ? undefined : createItemsBody(request.body as string, options.input);
    if (items !== undefined && operation.inputStream !== true)
      throw new GantryError("invalidArgument", `${name} takes no input stream. Nothing was sent.`);
    // The answer may begin, and even end, while items are still sent.
    const withItems =
      items === undefined
        ? request
        : { ...request, headers: { ...request.headers, "content-type": jsonLinesType }, body: items.stream, duplex: "half" };
    const response = await orTell(
      () => fetch(new URL(path, url), withItems as RequestInit),
      () => items?.failure,
    );
    if (!response.ok) throw readProblem(response.status, await response.text(), url);
    return response;
  };
  const exchanged = async (name: string, input: unknown, options: CallOptions) => {
    const { path, request } = prepare(name, input, acceptWhole, options);
    const answer = await orTell(() => exchange(new URL(path, url), request));
    if (answer.status < 200 || answer.status > 299) throw readProblem(answer.status, answer.text, url);
    return answer;
  };
  const orTell = async <Answer>(ask: () => Promise<Answer>, ownFailure?: () => { error: unknown } | undefined): Promise<Answer> => {
    try {
      return await ask();
    } catch (cause) {
      const own = ownFailure?.();
      throw own === undefined ? fromFetch(cause, url) : own.error;
    }
  };

  return {
    async call(name, input, options = {}) {
      let answer: { type: string; text: string };
      if (options.input === undefined) answer = await exchanged(name, input, options);
      else {
        const response = await send(name, input, acceptWhole, options);
        answer = await orTell(() => wholeOf(response));
      }
      const { type, text } = answer;
      return type.startsWith("application/json") ? (JSON.parse(text) as unknown) : text;
    },
    async *stream(name, input, options = {}) {
      const response = await send(name, input, "text/event-stream", options);
      const events = (response.body as ReadableStream<Uint8Array>)
        .pipeThrough(new TextDecoderStream() as never)
        .pipeThrough(new EventSourceParserStream());
      for await (const { event, data } of events as unknown as AsyncIterable<{ event?: string; data: string }>) {
        const value: unknown = JSON.parse(data);
        if (event === "error") throw errorFromProblem(value as Problem);
        yield value;
      }
    },
  };
}

export function findOperation(name: string): AnyOperation {
  const [room, key] = name.split(".") as [keyof typeof contract, string];
  const operation = (contract[room] as Record<string, AnyOperation> | undefined)?.[key];
  if (operation === undefined) throw new GantryError("unimplemented", `This version of the client knows no operation ${name}.`);
  return operation;
}

function place(operation: AnyOperation, input: Record<string, unknown>) {
  const inPath = new Set(pathParameters(operation.path));
  const path = operation.path.replaceAll(/:([A-Za-z]+)/g, (_, name: string) => encodeURIComponent(String(input[name])));
  const rest = Object.entries(input).filter(([name, value]) => !inPath.has(name) && value !== undefined);
  if (operation.method !== "GET" && operation.method !== "DELETE")
    return { path, query: "", body: JSON.stringify(Object.fromEntries(rest)) };
  const pairs = rest.flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((item) => [name, String(item)]));
  return { path, query: pairs.length === 0 ? "" : `?${new URLSearchParams(pairs).toString()}`, body: undefined };
}

const exchangeByFetch: Exchange = async (target, request) => wholeOf(await fetch(target, request));

async function wholeOf(response: Response): Promise<{ status: number; type: string; text: string }> {
  return { status: response.status, type: response.headers.get("content-type") ?? "", text: await response.text() };
}

function readProblem(status: number, text: string, url: string): GantryError {
  try {
    return errorFromProblem(JSON.parse(text) as Problem);
  } catch {
    return new GantryError("internal", `The server answered ${status} without saying why. Is ${url} a Gantry daemon?`);
  }
}

function fromFetch(cause: unknown, url: string): GantryError {
  const { name } = cause as Error;
  if (name === "TimeoutError")
    return new GantryError("deadlineExceeded", "No answer came in the time allowed; whether it was done is not known.", { cause });
  if (name === "AbortError") return new GantryError("cancelled", "The request was cancelled.", { cause });
  // Only where the system says so is it certain that nothing was sent; browsers never tell.
  const { code } = ((cause as Error).cause ?? cause) as { code?: string };
  const details = code !== undefined && neverSent.has(code) ? {} : { outcomeUnknown: true };
  return new GantryError("unavailable", `Nothing answers at ${url}. Start an instance with: gantry start`, { cause, details });
}

const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);
