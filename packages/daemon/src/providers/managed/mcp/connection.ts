/** Connects to one MCP server, as a program or over streamable HTTP, in whichever era of the protocol it speaks. */
import { setTimeout as delay } from "node:timers/promises";

import { Client, type ListChangedHandlers, StreamableHTTPClientTransport, type Transport } from "@modelcontextprotocol/client";

import { version } from "../../../version.ts";
import { readApiKey } from "../api-key.ts";
import { createBoundFetch } from "../bound-fetch.ts";
import { startProgram } from "../child-program.ts";
import type { InstanceContext } from "../kind.ts";
import type { ProgramRecords } from "../program-records.ts";
import { deliverInOrder } from "./in-order.ts";
import { ProgramTransport } from "./stdio-transport.ts";

export interface McpConnection {
  readonly client: Client;
  /** Settles when the server ended or cannot be reached any more, with the reason. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

/** A server of the older era may never answer the question for the newer one. */
const eraProbeTimeoutMs = 3_000;
/** A server that does not answer any more must not hold up our own end. */
const leaveTimeoutMs = 1_000;

/** Rejects with nothing left behind. `onChanged` hears of every change of a list. */
export async function connectMcp(context: InstanceContext, records: ProgramRecords, onChanged: () => void): Promise<McpConnection> {
  if (context.provider.settings.url !== undefined) return connect(context, onChanged, "auto", await overHttp(context));
  try {
    return await connect(context, onChanged, "auto", await overProgram(context, records));
  } catch (error) {
    context.signal.throwIfAborted();
    // Some servers of the older era end when asked for the newer one.
    context.logger.info({ err: error }, "an MCP server did not take the newer protocol; trying the older one");
    return connect(context, onChanged, "legacy", await overProgram(context, records));
  }
}

interface Channel {
  transport: Transport;
  ended: Promise<string>;
  /** What is to be said to the server before the connection closes. */
  takeLeave?(): Promise<void>;
  close(): Promise<void>;
}

async function connect(
  { signal, stderr, provider }: InstanceContext,
  onChanged: () => void,
  mode: "auto" | "legacy",
  channel: Channel,
): Promise<McpConnection> {
  const changed = { autoRefresh: false, onChanged };
  const listChanged: ListChangedHandlers = { tools: changed, prompts: changed, resources: changed };
  const client = new Client(
    { name: "gantry", version },
    {
      versionNegotiation: { mode, probe: { timeoutMs: eraProbeTimeoutMs } },
      listChanged,
      // What a tool returns is its caller's to check; a pattern of a foreign schema must not run on the daemon's thread.
      jsonSchemaValidator: { getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }) },
    },
  );
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the client is no event target
  client.onerror = (error) => stderr.write(`[mcp] ${error.message}\n`);
  client.setNotificationHandler("notifications/message", ({ params }) =>
    stderr.write(`[${params.level}] ${typeof params.data === "string" ? params.data : JSON.stringify(params.data)}\n`),
  );
  const close = async () => {
    await channel.takeLeave?.();
    await client.close().catch(() => undefined);
    await channel.close();
  };
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason as Error);
  signal.addEventListener("abort", onAbort);
  try {
    signal.throwIfAborted();
    const early = channel.ended.then((reason) => {
      throw new Error(`${reason} before it spoke MCP`);
    });
    await Promise.race([client.connect(channel.transport, { timeout: provider.settings.startTimeoutMs }), aborted.promise, early]);
    early.catch(() => undefined);
    deliverInOrder(channel.transport);
    return { client, ended: channel.ended, close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
    aborted.promise.catch(() => undefined);
  }
}

async function overProgram(context: InstanceContext, records: ProgramRecords): Promise<Channel> {
  const program = await startProgram(context, records);
  return { transport: new ProgramTransport(program), ended: program.exited, close: () => program.end() };
}

async function overHttp({ provider }: InstanceContext): Promise<Channel> {
  const url = provider.settings.url as string;
  const bound = createBoundFetch(url, await readApiKey(provider));
  const ended = Promise.withResolvers<string>();
  let hasSession = false;
  const watched: typeof fetch = async (input, init) => {
    const response = await bound(input, init).catch((error: Error) => {
      // Only a server that cannot be reached ends the connection; a request that was cancelled says nothing of it.
      if (init?.signal?.aborted !== true) ended.resolve(`${new URL(url).origin} cannot be reached: ${reasonOf(error)}`);
      throw error;
    });
    hasSession ||= response.headers.has("mcp-session-id");
    if (response.status === 404 && hasSession) ended.resolve("its session is over");
    return response;
  };
  const transport = new StreamableHTTPClientTransport(new URL(url), { fetch: watched });
  return {
    transport,
    ended: ended.promise,
    async takeLeave() {
      const late = new AbortController();
      const waited = delay(leaveTimeoutMs, undefined, { signal: late.signal }).catch(() => undefined);
      await Promise.race([transport.terminateSession().catch(() => undefined), waited]);
      late.abort();
    },
    close: () => transport.close(),
  };
}

function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}
