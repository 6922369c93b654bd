/** What a tool answers: a provider's result, a command's outcome, or a failure, each in the form that a model can read. */
import type { ExecutionResult, GantryError } from "@gantry/contract";
import type { CallToolResult, ContentBlock } from "@modelcontextprotocol/server";

import type { ProviderAnswer } from "./provider-call.ts";

/** The result of an MCP server, as it came. */
export function isMcpResult(result: unknown): result is CallToolResult {
  return typeof result === "object" && result !== null && Array.isArray((result as { content?: unknown }).content);
}

export function fromAnswer({ result, chunks }: ProviderAnswer, hasOutputSchema: boolean): CallToolResult {
  const isEmpty = result === null || result === undefined;
  const shown = isEmpty && chunks.length > 0 ? joinChunks(chunks) : result;
  const structured = isRecord(result) ? { structuredContent: result } : {};
  if (hasOutputSchema && !isRecord(result)) {
    return failure("The provider promised an object as its result and sent something else.");
  }
  return { content: [text(shown)], ...structured };
}

/** A command that failed is told as such, with what it printed. */
export function fromExecution({ success, output, result, error, exitCode, state, executionId }: ExecutionResult): CallToolResult {
  const content: ContentBlock[] = [];
  if (output !== "") content.push(text(output));
  if (result !== null && result !== undefined) content.push(text(result));
  if (success !== true) content.push(text(`${state}: ${error?.message ?? `exit code ${exitCode ?? "none"}`} (execution ${executionId})`));
  if (content.length === 0) content.push(text("done"));
  return {
    content,
    ...(success === true ? {} : { isError: true }),
    ...(isRecord(result) && success === true ? { structuredContent: result } : {}),
  };
}

/** Not an error of the protocol: the model is to read it and do something else. */
export function fromFailure(error: GantryError): CallToolResult {
  return { ...failure(error.message), _meta: { "gantry/code": error.code, "gantry/retryable": error.retryable } };
}

function failure(message: string): CallToolResult {
  return { isError: true, content: [text(message)] };
}

function text(value: unknown): ContentBlock {
  return { type: "text", text: typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "") };
}

function joinChunks(chunks: unknown[]): unknown {
  return chunks.every((chunk) => typeof chunk === "string") ? chunks.join("") : chunks;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
