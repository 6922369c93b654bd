/**
 * Carries MCP messages between a pair of streams, one JSON document a line, and streamable HTTP.
 *
 * Both eras of the protocol pass through: what HTTP wants in headers is taken from the messages themselves.
 */
import { createInterface } from "node:readline";

import { EventSourceParserStream } from "eventsource-parser/stream";

export interface BridgeParts {
  input: NodeJS.ReadableStream;
  output: NodeJS.WritableStream;
  /** Throws when there is nobody to talk to. */
  target(): { url: URL; key: string };
}

interface Message {
  id?: string | number;
  method?: string;
  params?: { name?: unknown; uri?: unknown; requestId?: unknown; _meta?: Record<string, unknown> };
  result?: { protocolVersion?: unknown };
}

const parseError = -32_700;
const internalError = -32_603;
const versionKey = "io.modelcontextprotocol/protocolVersion";

/** Settles when the input has ended. What is under way then is cancelled, as by closing the connection. */
export async function bridge({ input, output, target }: BridgeParts): Promise<void> {
  const running = new Map<string, AbortController>();
  /** Of the older era's handshake; every later message must name it. */
  let agreedVersion: string | undefined;

  const write = (message: unknown) => void output.write(`${JSON.stringify(message)}\n`);
  const fail = (id: Message["id"], code: number, message: string) => write({ jsonrpc: "2.0", id: id ?? null, error: { code, message } });

  const pass = (text: string) => {
    const message = JSON.parse(text) as Message;
    if (typeof message.result?.protocolVersion === "string") agreedVersion = message.result.protocolVersion;
    write(message);
  };

  const send = async (message: Message, signal: AbortSignal) => {
    const { url, key } = target();
    const { method, params } = message;
    const stated = params?._meta?.[versionKey];
    const version = typeof stated === "string" ? stated : agreedVersion;
    const name = params?.name ?? params?.uri;
    const response = await fetch(url, {
      method: "POST",
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...(version === undefined ? {} : { "mcp-protocol-version": version }),
        ...(typeof stated === "string" && method !== undefined ? { "mcp-method": method } : {}),
        ...(typeof stated === "string" && typeof name === "string" ? { "mcp-name": toHeader(name) } : {}),
      },
      body: JSON.stringify(message),
      signal,
      redirect: "error",
    });
    const type = response.headers.get("content-type") ?? "";
    if (type.startsWith("text/event-stream") && response.body !== null) {
      const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
      for await (const { data } of events) if (data !== "") pass(data);
      return;
    }
    const text = await response.text();
    if (message.id === undefined || text === "") return;
    const answer = JSON.parse(text) as { jsonrpc?: string; id?: unknown; detail?: string; error?: { message?: string } };
    // A refusal from before the message was understood names no id; this is the one it belongs to.
    if (answer.jsonrpc === "2.0" && answer.id !== null) pass(text);
    else fail(message.id, internalError, answer.error?.message ?? answer.detail ?? `HTTP ${response.status}`);
  };

  const take = async (line: string) => {
    let message: Message;
    try {
      message = JSON.parse(line) as Message;
    } catch {
      fail(undefined, parseError, "This line is not JSON.");
      return;
    }
    if (message.method === "notifications/cancelled") running.get(JSON.stringify(message.params?.requestId))?.abort();
    if (message.method === undefined) return;
    const abort = new AbortController();
    const id = JSON.stringify(message.id);
    if (message.id !== undefined) running.set(id, abort);
    try {
      await send(message, abort.signal);
    } catch (error) {
      // Who cancelled wants no answer any more.
      if (message.id !== undefined && !abort.signal.aborted) fail(message.id, internalError, reasonOf(error));
    } finally {
      running.delete(id);
    }
  };

  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() !== "") void take(line);
  }
  for (const abort of running.values()) abort.abort();
}

/** Header values are ASCII; others travel in the form that the protocol gives for them. */
function toHeader(value: string): string {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value) ? value : `=?base64?${Buffer.from(value).toString("base64")}?=`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
