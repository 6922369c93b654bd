/** Which tools there are at an endpoint, and what each of them stands for. */
import type { ProviderMethod } from "@gantry/contract";
import type { Tool } from "@modelcontextprotocol/server";

import type { OfferedProvider } from "./port.ts";
import { aggregateName, markedName, toToolName } from "./tool-names.ts";

export type ToolTarget =
  | {
      kind: "method";
      provider: string;
      method: string;
      /** The arguments hold the method's own input, which is no object, under `params`. */
      isWrapped: boolean;
      /** The name that the MCP server behind the provider gives it; such a provider answers with MCP's own results. */
      mcpTool: string | undefined;
    }
  | { kind: "command"; command: string };

export interface CatalogTool {
  tool: Tool;
  target: ToolTarget;
}

export type Catalog = ReadonlyMap<string, CatalogTool>;

export interface OfferedCommand {
  name: string;
  summary: string;
  inputSchema: Record<string, unknown>;
}

/** What an MCP server said of a tool of its own, kept by the provider that stands for it. */
interface McpTool {
  name: string;
  inputSchema: Tool["inputSchema"];
  title?: string;
  annotations?: Tool["annotations"];
  icons?: Tool["icons"];
  _meta?: Tool["_meta"];
}

/** One provider under its own names. */
export function catalogOf(provider: OfferedProvider): Catalog {
  const catalog = new Map<string, CatalogTool>();
  for (const method of toolMethods(provider)) {
    const own = mcpToolOf(method);
    add(catalog, own?.name ?? toToolName(method.name), `${provider.name}__${method.name}`, describeMethod(provider.name, method, own));
  }
  return catalog;
}

/** Every provider, and the commands that are to be tools, with names that say where each comes from. */
export function aggregateCatalog(providers: Iterable<OfferedProvider>, commands: Iterable<OfferedCommand>): Catalog {
  const catalog = new Map<string, CatalogTool>();
  for (const provider of providers) {
    for (const method of toolMethods(provider)) {
      const entry = describeMethod(provider.name, method, mcpToolOf(method));
      add(catalog, aggregateName(provider.name, method.name), `${provider.name}__${method.name}`, entry);
    }
  }
  for (const command of commands) {
    const entry: Omit<CatalogTool, "tool"> & { tool: Omit<Tool, "name"> } = {
      target: { kind: "command", command: command.name },
      tool: { description: command.summary || `Runs the command ${command.name}`, inputSchema: command.inputSchema as Tool["inputSchema"] },
    };
    add(catalog, aggregateName("run", command.name), `run__${command.name}`, entry);
  }
  return catalog;
}

function add(
  catalog: Map<string, CatalogTool>,
  name: string,
  whole: string,
  { tool, target }: { tool: Omit<Tool, "name">; target: ToolTarget },
) {
  const free = catalog.has(name) ? markedName(whole) : name;
  catalog.set(free, { tool: { ...tool, name: free }, target });
}

/** Lists, resources, and prompts of an MCP server are reached as such and are no tools. */
function toolMethods({ methods, instances }: OfferedProvider): readonly ProviderMethod[] {
  const isMcp = instances.some(({ metadata }) => metadata?.["mcp"] !== undefined);
  return isMcp ? methods.filter((method) => mcpToolOf(method) !== undefined) : methods;
}

function mcpToolOf({ metadata }: ProviderMethod): McpTool | undefined {
  const { tool } = (metadata?.["mcp"] ?? {}) as { tool?: McpTool };
  return typeof tool?.name === "string" ? tool : undefined;
}

function describeMethod(
  provider: string,
  method: ProviderMethod,
  own: McpTool | undefined,
): { tool: Omit<Tool, "name">; target: ToolTarget } {
  const { input, output, description } = method;
  const isWrapped = own === undefined && input !== undefined && !isObjectSchema(input);
  const target: ToolTarget = { kind: "method", provider, method: method.name, isWrapped, mcpTool: own?.name };
  const common = { ...(description === undefined ? {} : { description }), ...(isObjectSchema(output) ? { outputSchema: output } : {}) };
  if (own !== undefined) {
    const { title, annotations, icons, _meta, inputSchema } = own;
    const given = Object.entries({ title, annotations, icons, _meta }).filter(([, value]) => value !== undefined);
    return { target, tool: { ...common, inputSchema, ...Object.fromEntries(given) } };
  }
  let inputSchema: Tool["inputSchema"] = { type: "object" };
  if (isWrapped) inputSchema = { type: "object", properties: { params: input as never }, required: ["params"] };
  else if (input !== undefined) inputSchema = input as Tool["inputSchema"];
  return { target, tool: { ...common, inputSchema, annotations: { idempotentHint: method.idempotent } } };
}

function isObjectSchema(schema: unknown): schema is Record<string, unknown> {
  return typeof schema === "object" && schema !== null && (schema as { type?: unknown }).type === "object";
}
