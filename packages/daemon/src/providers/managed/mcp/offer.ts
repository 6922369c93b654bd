/** Turns what an MCP server offers into the document of a provider: tools become methods, the rest becomes generic methods. */
import { createHash } from "node:crypto";

import type { ProviderMethod } from "@gantry/contract";
import type { Client, Tool } from "@modelcontextprotocol/client";

import { cleanText } from "../../failure.ts";
import { compileMethodSchema } from "../../method-schema.ts";
import type { LocalDocument } from "../local-link.ts";

export interface Offer {
  document: LocalDocument;
  /** Method → the tool's own name, which may hold characters that a method's name may not. */
  tools: ReadonlyMap<string, string>;
}

export interface OfferSettings {
  description?: string | undefined;
  concurrency?: number | undefined;
  timeoutMs?: number | undefined;
}

const defaultConcurrency = 32;
const maxTools = 900;
const maxDescriptionCharacters = 4_096;

/** Reads the server's lists; rejects when it does not answer. */
export async function readOffer(client: Client, settings: OfferSettings, timeoutMs: number): Promise<Offer> {
  const capabilities = client.getServerCapabilities() ?? {};
  const server = client.getServerVersion();
  const listed =
    capabilities.tools === undefined ? [] : (await client.listTools(undefined, { timeout: timeoutMs, cacheMode: "refresh" })).tools;
  const tools = new Map<string, string>();
  const methods = listed.slice(0, maxTools).map((tool) => {
    const name = methodNameOf(tool.name, tools);
    tools.set(name, tool.name);
    return toMethod(name, tool, settings.timeoutMs);
  });
  const about = settings.description ?? server?.description ?? server?.title ?? server?.name;
  return {
    tools,
    document: {
      kind: "mcp",
      version: (server?.version ?? "0.0.0").slice(0, 128),
      ...(about === undefined ? {} : { description: cleanText(about).replaceAll("\n", " ").slice(0, 512) }),
      methods: [...methods, ...genericMethods(capabilities, settings.timeoutMs)],
      capabilities: ["mcp"],
      capacity: { concurrency: settings.concurrency ?? defaultConcurrency, weight: 1 },
      metadata: {
        mcp: {
          protocolVersion: client.getNegotiatedProtocolVersion(),
          server,
          capabilities,
          instructions: client.getInstructions(),
        },
      },
    },
  };
}

function toMethod(name: string, tool: Tool, timeoutMs: number | undefined): ProviderMethod {
  const { annotations, outputSchema, title, icons, _meta } = tool;
  // A tool that only reads may be asked twice; of any other its server must say so.
  const idempotent = annotations?.readOnlyHint === true || annotations?.idempotentHint === true;
  return {
    name,
    stream: true,
    idempotent,
    ...(tool.description === undefined ? {} : { description: tool.description.slice(0, maxDescriptionCharacters) }),
    ...(canCheck(tool.inputSchema) ? { input: tool.inputSchema } : {}),
    ...(outputSchema === undefined ? {} : { output: outputSchema }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    metadata: { mcp: { tool: { name: tool.name, title, annotations, icons, _meta, inputSchema: tool.inputSchema } } },
  };
}

/** A schema that cannot be used must not keep the other tools away: the server checks for itself. */
function canCheck(schema: Record<string, unknown>): boolean {
  try {
    compileMethodSchema(schema);
    return true;
  } catch {
    return false;
  }
}

const cursor = { type: "object", properties: { cursor: { type: "string" } } };
const object = (required: string[], properties: Record<string, unknown>) => ({ type: "object", required, properties });

/** What a server that asks for more gets at the next round, and what its caller can be asked for; see the protocol's `input_required`. */
const round = { inputResponses: { type: "object" }, requestState: { type: "string" }, capabilities: { type: "object" } };

function genericMethods(
  capabilities: { tools?: unknown; resources?: unknown; prompts?: unknown; completions?: unknown },
  timeoutMs?: number,
): ProviderMethod[] {
  const method = (name: string, description: string, input: Record<string, unknown>): ProviderMethod => ({
    name,
    description,
    input,
    stream: false,
    idempotent: true,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  const methods: ProviderMethod[] = [];
  if (capabilities.tools !== undefined) {
    const input = object(["name"], { name: { type: "string" }, arguments: { type: "object" }, ...round });
    const call = method("tools/call", "Calls a tool by its own name, for callers that can answer what it asks for", input);
    methods.push({ ...call, stream: true, idempotent: false });
  }
  if (capabilities.resources !== undefined) {
    methods.push(
      method("resources/list", "Lists the resources of the MCP server; all of them without a cursor", cursor),
      method("resources/templates/list", "Lists the resource templates of the MCP server", cursor),
      method("resources/read", "Reads one resource", object(["uri"], { uri: { type: "string" }, ...round })),
    );
  }
  if (capabilities.prompts !== undefined) {
    methods.push(
      method("prompts/list", "Lists the prompts of the MCP server; all of them without a cursor", cursor),
      method(
        "prompts/get",
        "Fills in one prompt",
        object(["name"], { name: { type: "string" }, arguments: { type: "object", additionalProperties: { type: "string" } }, ...round }),
      ),
    );
  }
  if (capabilities.completions !== undefined) {
    methods.push(
      method(
        "completion/complete",
        "Completes an argument of a prompt or of a resource template",
        object(["ref", "argument"], { ref: { type: "object" }, argument: { type: "object" }, context: { type: "object" } }),
      ),
    );
  }
  return methods;
}

const generic = /^(?:tools|resources|prompts|completion)\//;

/** The tool's own name where a method may be called so; else the nearest name with a mark that stays the same at each start. */
export function methodNameOf(tool: string, taken: ReadonlyMap<string, string>): string {
  const plain = tool.replaceAll(/[^A-Za-z0-9._:/-]+/g, "_").replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
  if (plain === tool && tool.length <= 128 && !taken.has(tool) && !generic.test(tool)) return tool;
  const mark = createHash("sha256").update(tool).digest("hex").slice(0, 8);
  return `${plain.slice(0, 100) || "tool"}-${mark}`;
}
