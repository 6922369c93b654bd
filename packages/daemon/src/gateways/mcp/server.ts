/** One MCP server for one request: what an endpoint offers to this caller, in the words of the protocol. */
import { type ExecuteEvent, type ExecutionResult, GantryError, type ProgressChunk } from "@gantry/contract";
import {
  type AuthInfo,
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  createMcpHandler,
  type InputRequiredResult,
  isInputRequiredResult,
  type McpHttpHandler,
  type McpRequestContext,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from "@modelcontextprotocol/server";

import type { CallContext } from "../../core/caller.ts";
import type { Logger } from "../../core/logger.ts";
import { nearest } from "../../core/nearest.ts";
import { version } from "../../version.ts";
import type { Catalog, CatalogTool } from "./catalog.ts";
import type { McpPort, OfferedProvider } from "./port.ts";
import { callProvider, toolBudgetMs } from "./provider-call.ts";
import { type Ask, ownError, type Relay, relayMany, relayOne, type Round } from "./relay.ts";
import { fromAnswer, fromExecution, fromFailure, isMcpResult } from "./tool-results.ts";

/** What an endpoint stands for at the moment of a request. */
export interface Endpoint {
  /** Undefined at `/mcp`, which stands for all. */
  only: OfferedProvider | undefined;
  providers: readonly OfferedProvider[];
  catalog: Catalog;
}

export interface EndpointParts {
  port: Pick<McpPort, "calls" | "operate">;
  read(context: CallContext): Promise<Endpoint>;
  /** Lets a later `notifications/cancelled` of the same key find this request. Returns the function to call at its end. */
  cancellable(context: CallContext, requestId: string | number, abort: AbortController): () => void;
  logger: Logger;
}

/** How the caller reaches the factory of servers: as what the library passes on untouched. */
export function toAuthInfo(context: CallContext): AuthInfo {
  return { token: "", clientId: context.caller.keyId, scopes: [], extra: { context } };
}

export function createEndpointHandler(parts: EndpointParts): McpHttpHandler {
  return createMcpHandler((request) => createServer(parts, request), {
    onerror: (error) => parts.logger.debug({ err: error }, "an MCP request was refused or failed"),
  });
}

async function createServer(parts: EndpointParts, { authInfo, era }: McpRequestContext): Promise<Server> {
  const context = (authInfo as AuthInfo).extra?.["context"] as CallContext;
  const endpoint = await parts.read(context);
  const { only, catalog } = endpoint;
  const ask: Ask = async (provider, method, params) => {
    const request = { route: { provider }, method, params, defaultTimeoutMs: toolBudgetMs, owner: context.caller.keyId };
    return (await callProvider(parts.port.calls, request, context.signal, () => undefined)).result;
  };
  const relay = only === undefined ? relayMany(endpoint.providers, ask) : relayOne(only, ask);
  // Only the newer era has a way to hear of changes without a session.
  const listChanged = era === "modern" ? { listChanged: true } : {};
  const about = only === undefined ? undefined : mcpOf(only);
  const server = new Server(
    { name: only === undefined ? "gantry" : only.name, version: only?.version ?? version },
    {
      capabilities: {
        tools: listChanged,
        ...(relay.hasResources ? { resources: listChanged } : {}),
        ...(relay.hasPrompts ? { prompts: listChanged } : {}),
        ...(relay.hasCompletions ? { completions: {} } : {}),
      },
      ...(typeof about?.instructions === "string" ? { instructions: about.instructions } : {}),
    },
  );
  server.setRequestHandler("tools/list", () => ({ tools: [...catalog.values()].map(({ tool }) => tool) }));
  server.setRequestHandler("tools/call", async ({ params }, ctx) => {
    const entry = catalog.get(params.name);
    if (entry === undefined) throw unknownTool(params.name, catalog);
    const abort = new AbortController();
    const done = parts.cancellable(context, ctx.mcpReq.id, abort);
    try {
      const signal = AbortSignal.any([context.signal, ctx.mcpReq.signal, abort.signal]);
      return await callTool(parts, { ...context, signal }, entry, params.arguments ?? {}, ctx, relay);
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      const own = ownError(error);
      if (own !== undefined) throw own;
      return fromFailure(error);
    } finally {
      done();
    }
  });
  serveRelay(server, relay);
  return server;
}

function serveRelay(server: Server, relay: Relay): void {
  if (relay.hasResources) {
    server.setRequestHandler("resources/list", ({ params }) => relay.listResources(params?.cursor));
    server.setRequestHandler("resources/templates/list", ({ params }) => relay.listTemplates(params?.cursor));
    server.setRequestHandler("resources/read", ({ params }, ctx) => relay.readResource(params.uri, roundOf(ctx)));
  }
  if (relay.hasPrompts) {
    server.setRequestHandler("prompts/list", ({ params }) => relay.listPrompts(params?.cursor));
    server.setRequestHandler("prompts/get", ({ params }, ctx) => relay.getPrompt(params, roundOf(ctx)));
  }
  if (relay.hasCompletions) server.setRequestHandler("completion/complete", ({ params }) => relay.complete(params));
}

async function callTool(
  { port }: EndpointParts,
  context: CallContext,
  { target, tool }: CatalogTool,
  given: Record<string, unknown>,
  ctx: ServerContext,
  relay: Relay,
): Promise<CallToolResult | InputRequiredResult> {
  const tell = progressTeller(ctx);
  if (target.kind === "command") return runCommand(port, context, target.command, given, tell);
  if (!context.caller.permissions.has("providers.call")) {
    throw new GantryError("permissionDenied", `Role ${context.caller.role} may not call providers. Nothing was sent.`);
  }
  const trace = ctx.mcpReq._meta?.["traceparent"];
  const round = roundOf(ctx);
  // By its own name only when it may ask for more: under its method's name it has its schema, its measurements, and its failover.
  const inRounds = target.mcpTool !== undefined && Object.keys(round).length > 0;
  const plain = target.isWrapped ? given["params"] : given;
  const request = {
    route: { provider: target.provider },
    method: inRounds ? "tools/call" : target.method,
    params: inRounds ? { name: target.mcpTool, arguments: given, ...round } : plain,
    defaultTimeoutMs: toolBudgetMs,
    owner: context.caller.keyId,
    ...(typeof trace === "string" ? { trace } : {}),
  };
  const answer = await callProvider(port.calls, request, context.signal, tell);
  if (isInputRequiredResult(answer.result)) return answer.result;
  if (target.mcpTool !== undefined && isMcpResult(answer.result)) {
    return { ...answer.result, content: relay.readable(target.provider, answer.result.content) };
  }
  return fromAnswer(answer, tool.outputSchema !== undefined);
}

async function runCommand(
  port: Pick<McpPort, "operate">,
  context: CallContext,
  command: string,
  input: Record<string, unknown>,
  tell: (progress: ProgressChunk) => void,
): Promise<CallToolResult> {
  const events = (await port.operate(
    "executions.execute",
    { command, input, wait: true },
    { ...context, wantsStream: true },
  )) as AsyncIterable<ExecuteEvent>;
  let result: ExecutionResult | undefined;
  for await (const event of events) {
    if (event.type === "progress") {
      const { done, total, text } = event;
      tell({ type: "progress", progress: done, ...(total === null ? {} : { total }), ...(text === "" ? {} : { message: text }) });
    } else if (event.type === "result") result = event.result;
  }
  if (result === undefined) throw new GantryError("aborted", `The command ${command} ended without a result. It may have executed.`);
  return fromExecution(result);
}

/** What the caller answers to an earlier question, and whether it can be asked at all. */
function roundOf({ mcpReq }: ServerContext): Round {
  const capabilities = (mcpReq.envelope as Record<string, object | undefined> | undefined)?.[CLIENT_CAPABILITIES_META_KEY];
  const canBeAsked = capabilities !== undefined && Object.keys(capabilities).some((name) => askable.has(name));
  const requestState = mcpReq.requestState();
  return {
    ...(canBeAsked ? { capabilities } : {}),
    ...(mcpReq.inputResponses === undefined ? {} : { inputResponses: mcpReq.inputResponses }),
    ...(typeof requestState === "string" ? { requestState } : {}),
  };
}

const askable = new Set(["elicitation", "sampling", "roots"]);

/** Rises with each notice, as the protocol demands, whatever the provider counts. */
function progressTeller({ mcpReq }: ServerContext): (progress: ProgressChunk) => void {
  const progressToken = mcpReq._meta?.progressToken;
  let last = Number.NEGATIVE_INFINITY;
  return ({ progress, total, message }) => {
    if (progressToken === undefined || progress <= last) return;
    last = progress;
    const params = { progressToken, progress, ...(total === undefined ? {} : { total }), ...(message === undefined ? {} : { message }) };
    // A caller that is gone cancels the call by itself.
    mcpReq.notify({ method: "notifications/progress", params }).catch(() => undefined);
  };
}

function unknownTool(name: string, catalog: Catalog): ProtocolError {
  const [suggestion] = nearest(name, catalog.keys());
  const hint = suggestion === undefined ? "" : ` Did you mean ${suggestion}?`;
  return new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${name}.${hint}`);
}

function mcpOf({ instances }: OfferedProvider): { instructions?: unknown } | undefined {
  return instances.map(({ metadata }) => metadata?.["mcp"]).find((mcp) => mcp !== undefined) as { instructions?: unknown } | undefined;
}
