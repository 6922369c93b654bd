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

export function createHttpTransport({ url, key, csrf }: HttpTransportOptions): Transport {
  const credential: Record<string, string> = csrf === undefined ? { authorization: `Bearer ${key}` } : { [csrfHeader]: csrf };
  const send = async (name: string, input: unknown, accept: string, options: CallOptions = {}) => {
    const operation = findOperation(name);
    const { path, query, body } = place(operation, input as Record<string, unknown>);
    const { timeoutMs } = options;
    const signals = [options.signal, timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)].filter(
      (signal) => signal !== undefined,
    );
    const items = options.input === undefined ? undefined : createItemsBody(body as string, options.input);
    if (items !== undefined && operation.inputStream !== true)
      throw new GantryError("invalidArgument", `${name} takes no input stream. Nothing was sent.`);
    const type = items === undefined ? "application/json" : jsonLinesType;
    let response: Response;
    try {
      response = await fetch(new URL(path + query, url), {
        method: operation.method,
        headers: { ...credential, accept, ...(body === undefined ? {} : { "content-type": type }) },
        ...(body === undefined ? {} : { body }),
        // The answer may begin, and even end, while items are still sent.
        ...(items === undefined ? {} : ({ body: items.stream, duplex: "half" } as RequestInit)),
        ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
      });
    } catch (cause) {
      if (items?.failure !== undefined) throw items.failure.error;
      throw fromFetch(cause, url);
    }
    if (!response.ok) throw await readProblem(response);
    return response;
  };

  return {
    async call(name, input, options) {
      const response = await send(name, input, "application/json, text/*;q=0.9", options);
      let text: string;
      try {
        text = await response.text();
      } catch (cause) {
        throw fromFetch(cause, url);
      }
      return response.headers.get("content-type")?.startsWith("application/json") === true ? (JSON.parse(text) as unknown) : text;
    },
    async *stream(name, input, options) {
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

async function readProblem(response: Response): Promise<GantryError> {
  const text = await response.text();
  try {
    return errorFromProblem(JSON.parse(text) as Problem);
  } catch {
    return new GantryError("internal", `The server answered ${response.status} without saying why. Is ${response.url} a Gantry daemon?`);
  }
}

function fromFetch(cause: unknown, url: string): GantryError {
  const { name } = cause as Error;
  if (name === "TimeoutError")
    return new GantryError("deadlineExceeded", "No answer came in the time allowed; whether it was done is not known.", { cause });
  if (name === "AbortError") return new GantryError("cancelled", "The request was cancelled.", { cause });
  // Only where the system says so is it certain that nothing was sent; browsers never tell.
  const { code } = ((cause as Error).cause ?? {}) as { code?: string };
  const details = code !== undefined && neverSent.has(code) ? {} : { outcomeUnknown: true };
  return new GantryError("unavailable", `Nothing answers at ${url}. Start an instance with: gantry start`, { cause, details });
}

const neverSent = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "UND_ERR_CONNECT_TIMEOUT"]);
