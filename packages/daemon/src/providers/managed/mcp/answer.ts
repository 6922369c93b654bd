/** Answers one call with the MCP server: passes progress on as chunks, cancels, and puts the server's errors into our words. */
import { GantryError, type ProgressChunk } from "@gantry/contract";
import {
  CLIENT_CAPABILITIES_META_KEY,
  type Client,
  type CompleteRequestParams,
  type Progress,
  ProtocolError,
  ProtocolErrorCode,
  type RequestOptions,
  SdkError,
  SdkErrorCode,
} from "@modelcontextprotocol/client";

import type { LocalCall } from "../local-link.ts";

type Arguments = Record<string, unknown>;

/** `tool` is the tool's own name; undefined for a generic method. */
export async function answerMcp(client: Client, call: LocalCall, tool: string | undefined): Promise<unknown> {
  const progress = createProgressSender(call);
  const options: RequestOptions = {
    signal: call.signal,
    // The daemon ends the call when its budget is spent; this is only the net below.
    timeout: call.budgetMs + 1_000,
    onprogress: progress.note,
  };
  const ask = () => {
    const params = (call.params ?? {}) as Arguments;
    if (tool === undefined) return askGeneric(client, call.method, params, call.trace, options);
    const meta = call.trace === undefined ? {} : { _meta: { traceparent: call.trace } };
    return client.callTool({ name: tool, arguments: params, ...meta }, options);
  };
  try {
    const result = await ask();
    await progress.passedOn();
    return result;
  } catch (error) {
    throw toGantryError(error);
  }
}

/**
 * In the newer era a server asks for more by answering, and is asked again with what it wanted: that needs no connection, so it passes
 * through to whoever called. What the caller can do goes along, because the server may ask for nothing else.
 */
function roundOf(client: Client, { inputResponses, requestState, capabilities }: Arguments, trace: string | undefined) {
  const _meta = {
    ...(capabilities === undefined ? {} : { [CLIENT_CAPABILITIES_META_KEY]: capabilities }),
    ...(trace === undefined ? {} : { traceparent: trace }),
  };
  if (client.getProtocolEra() !== "modern") return {};
  return {
    ...(inputResponses === undefined ? {} : { inputResponses }),
    ...(requestState === undefined ? {} : { requestState }),
    ...(Object.keys(_meta).length === 0 ? {} : { _meta }),
  };
}

function askGeneric(
  client: Client,
  method: string,
  params: Arguments,
  trace: string | undefined,
  options: RequestOptions,
): Promise<unknown> {
  const page = typeof params["cursor"] === "string" ? { cursor: params["cursor"] } : undefined;
  const fresh = { ...options, cacheMode: "refresh" as const };
  const round = roundOf(client, params, trace);
  const inRounds = { ...options, allowInputRequired: true };
  const name = params["name"] as string;
  const given = params["arguments"] === undefined ? {} : { arguments: params["arguments"] as Record<string, string> };
  switch (method) {
    case "resources/list":
      return client.listResources(page, fresh);
    case "resources/templates/list":
      return client.listResourceTemplates(page, fresh);
    case "resources/read":
      return client.readResource({ uri: params["uri"] as string, ...round }, { ...fresh, ...inRounds });
    case "prompts/list":
      return client.listPrompts(page, fresh);
    case "prompts/get":
      return client.getPrompt({ name, ...given, ...round }, inRounds);
    case "tools/call":
      return client.callTool({ name, ...given, ...round }, inRounds);
    case "completion/complete":
      return client.complete(params as CompleteRequestParams, options);
    default:
      throw new GantryError("unimplemented", `This MCP server has no ${method} any more. Look again: gantry providers status <name> -v`);
  }
}

interface ProgressSender {
  note(progress: Progress): void;
  /** Resolves when the last one has left: the result comes after it. */
  passedOn(): Promise<void>;
}

/** Only the latest progress matters: what comes while the reader is busy replaces what waits. */
function createProgressSender(call: LocalCall): ProgressSender {
  let waiting: ProgressChunk | undefined;
  let pumping: Promise<void> | undefined;
  const pump = async () => {
    try {
      while (waiting !== undefined) {
        const chunk = waiting;
        waiting = undefined;
        await call.send(chunk);
      }
    } catch {
      // The call was cancelled; nobody reads its progress.
    } finally {
      pumping = undefined;
    }
  };
  return {
    note({ progress, total, message }) {
      waiting = { type: "progress", progress, ...(total === undefined ? {} : { total }), ...(message === undefined ? {} : { message }) };
      pumping ??= pump();
    },
    passedOn: async () => pumping,
  };
}

const codes: Record<number, "invalidArgument" | "unimplemented" | "notFound"> = {
  [ProtocolErrorCode.InvalidParams]: "invalidArgument",
  [ProtocolErrorCode.MethodNotFound]: "unimplemented",
  [ProtocolErrorCode.ResourceNotFound]: "notFound",
};

function toGantryError(error: unknown): unknown {
  if (error instanceof ProtocolError) {
    const { code, message, data } = error;
    return new GantryError(codes[code] ?? "internal", message, { details: { mcp: { code, ...(data === undefined ? {} : { data }) } } });
  }
  if (!(error instanceof SdkError)) return error;
  if (error.code === SdkErrorCode.RequestTimeout) return new GantryError("deadlineExceeded", "the MCP server did not answer in time");
  if (error.code === SdkErrorCode.ConnectionClosed)
    return new GantryError("aborted", "the MCP server ended during the call; it may have executed");
  if (error.code === SdkErrorCode.CapabilityNotSupported) return new GantryError("unimplemented", error.message);
  return new GantryError("unavailable", error.message);
}
