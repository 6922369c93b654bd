/** MCP under `/mcp` (every provider, and the commands that are to be tools) and `/mcp/{provider}`: stateless, in both eras of the protocol. */
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { ReadableStream } from "node:stream/web";

import { type Command, GantryError } from "@gantry/contract";
import type { McpHttpHandler } from "@modelcontextprotocol/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { LRUCache } from "lru-cache";

import { type CallContext, type Caller, requirePermission } from "../../core/caller.ts";
import type { Logger } from "../../core/logger.ts";
import type { HttpGateway } from "../../transport/http.ts";
import { fromFastify } from "../../transport/problem.ts";
import { dataHeaders } from "../../transport/security-headers.ts";
import { aggregateCatalog, type Catalog, catalogOf, type OfferedCommand } from "./catalog.ts";
import type { McpPort, OfferedProvider } from "./port.ts";
import { createRunningRequests } from "./running-requests.ts";
import type { Endpoint, EndpointParts } from "./server.ts";

export interface McpGateway extends HttpGateway {
  close(): Promise<void>;
}

export interface McpGatewayParts {
  port: McpPort;
  logger: Logger;
}

const maxEndpoints = 500;

export function createMcpGateway({ port, logger }: McpGatewayParts): McpGateway {
  const running = createRunningRequests();
  const handlers = new LRUCache<string, McpHttpHandler>({ max: maxEndpoints, dispose: (handler) => void handler.close() });
  let aggregate: Promise<{ providers: OfferedProvider[]; commands: OfferedCommand[]; catalog: Catalog }> | undefined;

  const stopListening = port.onOffersChanged((provider = "") => {
    aggregate = undefined;
    for (const key of new Set(["", provider])) {
      const notify = handlers.get(key)?.notify;
      notify?.toolsChanged();
      notify?.resourcesChanged();
      notify?.promptsChanged();
    }
  });

  const readOne = (name: string): Endpoint => {
    const only = port.get(name);
    return { only, providers: [only], catalog: catalogOf(only) };
  };

  const readAll = async (context: CallContext): Promise<Endpoint> => {
    // Commands may change with their modules, of which no event tells.
    if (port.commands().length > 0) aggregate = undefined;
    aggregate ??= gatherAll(port, context);
    // A failure is not kept: the next request tries again.
    aggregate.catch(() => (aggregate = undefined));
    const { providers, catalog } = await aggregate;
    if (context.caller.permissions.has("executions.run")) return { only: undefined, providers, catalog };
    // Who may not run a command does not see it as a tool.
    return { only: undefined, providers, catalog: new Map([...catalog].filter(([, { target }]) => target.kind !== "command")) };
  };

  const handlerFor = async (name: string | undefined): Promise<McpHttpHandler> => {
    const key = name ?? "";
    const known = handlers.get(key);
    if (known !== undefined) return known;
    // Loaded with the first request: a daemon that nobody speaks MCP to does not pay for it.
    const { createEndpointHandler } = await import("./server.ts");
    const parts: EndpointParts = {
      port,
      read: async (context) => (name === undefined ? readAll(context) : readOne(name)),
      cancellable: (context, id, abort) => running.add(context.caller.keyId, id, abort),
      logger,
    };
    const made = handlers.get(key) ?? createEndpointHandler(parts);
    handlers.set(key, made);
    return made;
  };

  const serve = async (request: FastifyRequest, reply: FastifyReply, name: string | undefined) => {
    const caller = request.caller as Caller;
    requirePermission(caller, "providers.read", "use MCP");
    // Before the protocol: an endpoint that is not there is an address that is wrong.
    if (name !== undefined) port.get(name);
    const abort = new AbortController();
    const { raw: response } = reply;
    const untrack = port.track(caller.keyId, () => response.destroy());
    response.once("close", () => {
      untrack();
      if (!response.writableFinished) abort.abort("its caller closed the request");
    });
    running.noteCancellation(caller.keyId, request.body);
    const context: CallContext = { caller, signal: abort.signal, requestId: request.id, wantsStream: false };
    const [handler, { toAuthInfo }] = await Promise.all([handlerFor(name), import("./server.ts")]);
    const answer = await handler.fetch(toWebRequest(request, abort.signal), {
      authInfo: toAuthInfo(context),
      ...(request.body === undefined || request.body === null ? {} : { parsedBody: request.body }),
    });
    reply.hijack();
    await sendWebResponse(answer, response, request.id);
    return reply;
  };

  return {
    prefix: "/mcp",
    register(app: FastifyInstance) {
      app.setErrorHandler((error, request, reply) => {
        const known = fromFastify(error);
        if (!(known instanceof GantryError)) logger.error({ err: error, requestId: request.id }, "a request of MCP failed unexpectedly");
        const { status, headers, body } = refusal(known, request.id);
        return reply.code(status).headers(headers).send(body);
      });
      for (const method of ["GET", "POST", "DELETE"] as const) {
        app.route({ method, url: "/", handler: (request, reply) => serve(request, reply, undefined) });
        app.route<{ Params: { "*": string } }>({
          method,
          url: "/*",
          handler: (request, reply) => serve(request, reply, request.params["*"]),
        });
      }
    },
    async close() {
      stopListening();
      await Promise.all([...handlers.values()].map((handler) => handler.close()));
    },
  };
}

async function gatherAll(port: McpPort, context: CallContext) {
  const providers = port
    .list()
    .filter(({ state }) => state !== "offline")
    .map(({ name }) => port.get(name));
  const commands = port.commands().length === 0 ? [] : await describeCommands(port, context);
  return { providers, commands, catalog: aggregateCatalog(providers, commands) };
}

async function describeCommands({ operate, commands }: McpPort, context: CallContext): Promise<OfferedCommand[]> {
  // The daemon itself asks: what a caller may see of it is decided where its tools are listed.
  const asDaemon: CallContext = { ...context, caller: { ...context.caller, permissions: new Set(["executions.read"]) } };
  const { items } = (await operate("commands.list", { limit: 1000 }, asDaemon)) as { items: { name: string }[] };
  const names = commands();
  const chosen = names.includes("*") ? items : items.filter(({ name }) => names.includes(name));
  return Promise.all(chosen.map(({ name }) => operate("commands.get", { name }, asDaemon) as Promise<Command>));
}

function toWebRequest(request: FastifyRequest, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  // The body goes beside it, already read; a request of this kind must still have one.
  const body = request.method === "POST" ? { body: "{}" } : {};
  return new Request(`http://${request.headers.host}${request.url}`, { method: request.method, headers, signal, ...body });
}

async function sendWebResponse(answer: Response, response: ServerResponse, requestId: string): Promise<void> {
  response.writeHead(answer.status, { ...dataHeaders, ...Object.fromEntries(answer.headers), "x-request-id": requestId });
  if (answer.body === null) {
    response.end();
    return;
  }
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  response.once("close", () => void reader.cancel().catch(() => undefined));
  for (;;) {
    const { done, value } = await reader.read();
    if (done || response.destroyed) break;
    if (!response.write(value)) await Promise.race([once(response, "drain"), once(response, "close")]);
  }
  response.end();
}

/** JSON-RPC's form of a refusal that comes before any message was understood. */
function refusal(error: unknown, requestId: string) {
  const known =
    error instanceof GantryError
      ? error
      : new GantryError("internal", `Gantry failed to do this. Look up request ${requestId} in the log: gantry logs`);
  const code = known.code === "invalidArgument" ? -32_700 : known.status >= 500 ? -32_603 : -32_600;
  return {
    status: known.status,
    headers: {
      ...dataHeaders,
      "content-type": "application/json",
      "x-request-id": requestId,
      ...(known.status === 401 ? { "www-authenticate": "Bearer" } : {}),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: null, error: { code, message: known.message, data: { code: known.code } } }),
  };
}
