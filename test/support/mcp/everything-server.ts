/**
 * An MCP server with one of everything that the official conformance suite asks for, and some tools for our own tests.
 *
 * `node everything-server.ts` speaks on its standard streams, in both eras of the protocol; `--http` prints the URL where it serves.
 * `--key <key>` lets in only who has it; `--legacy` ends, as some old servers do, when asked for the newer era; `--odd` adds a tool with a name
 * that is no name elsewhere.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";

import {
  type CallToolResult,
  createMcpHandler,
  type InputRequiredResult,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  Server,
  type ServerContext,
  type Tool,
} from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";

import { answerAskingPrompt, askingPrompt, askingTools } from "./asking-tools.ts";

const { values: flags } = parseArgs({
  options: {
    http: { type: "boolean", default: false },
    key: { type: "string" },
    legacy: { type: "boolean", default: false },
    odd: { type: "boolean", default: false },
  },
});

/** One red pixel, and the header of a sound without samples. */
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const wav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";

const text = (words: string): CallToolResult => ({ content: [{ type: "text", text: words }] });

/** Everything that JSON Schema 2020-12 has and an older reader might drop. */
const richSchema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: {
    address: { $anchor: "addressDef", type: "object", properties: { street: { type: "string" }, city: { type: "string" } } },
  },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false,
} as const;

type Answer = CallToolResult | InputRequiredResult;

interface OwnTool {
  description: string;
  inputSchema?: Tool["inputSchema"];
  outputSchema?: Tool["outputSchema"];
  annotations?: Tool["annotations"];
  run(given: Record<string, unknown>, ctx: ServerContext): Answer | Promise<Answer>;
}

let cancelled = 0;
let hasGrown = false;
let prompted = 0;

/** The protocol would rather not see such a name. */
const odd: OwnTool = { description: "A name that is no method's name", run: () => text("odd") };

const tools: Record<string, OwnTool> = {
  ...askingTools,
  test_simple_text: { description: "Text", run: () => text("This is a simple text response for testing.") },
  test_image_content: { description: "An image", run: () => ({ content: [{ type: "image", data: png, mimeType: "image/png" }] }) },
  test_audio_content: { description: "A sound", run: () => ({ content: [{ type: "audio", data: wav, mimeType: "audio/wav" }] }) },
  test_embedded_resource: {
    description: "A resource",
    run: () => ({
      content: [
        {
          type: "resource",
          resource: { uri: "test://embedded-resource", mimeType: "text/plain", text: "This is an embedded resource content." },
        },
      ],
    }),
  },
  test_multiple_content_types: {
    description: "Several",
    run: () => ({
      content: [
        { type: "text", text: "Multiple content types test:" },
        { type: "image", data: png, mimeType: "image/png" },
        {
          type: "resource",
          resource: { uri: "test://mixed-content-resource", mimeType: "application/json", text: '{"test":"data","value":123}' },
        },
      ],
    }),
  },
  test_error_handling: {
    description: "Fails",
    run: () => ({ ...text("This tool intentionally returns an error for testing"), isError: true }),
  },
  test_tool_with_progress: {
    description: "Tells how far it is",
    async run(_given, { mcpReq }) {
      const progressToken = mcpReq._meta?.progressToken;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined) {
          await mcpReq.notify({
            method: "notifications/progress",
            params: { progressToken, progress, total: 100, message: `at ${progress}` },
          });
        }
        await sleep(20);
      }
      return text("done");
    },
  },
  hasty_progress: {
    description: "Tells how far it is and is done in the same moment",
    async run(_given, { mcpReq }) {
      const progressToken = mcpReq._meta?.progressToken;
      if (progressToken !== undefined)
        await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress: 1, total: 1 } });
      return text("done");
    },
  },
  json_schema_2020_12_tool: {
    description: "Tool with JSON Schema 2020-12 features",
    inputSchema: richSchema as never,
    run: () => text("ok"),
  },
  read_facts: {
    description: "Structured output",
    annotations: { readOnlyHint: true, title: "Facts" },
    inputSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
    outputSchema: { type: "object", properties: { city: { type: "string" }, degrees: { type: "number" } }, required: ["city", "degrees"] },
    run({ city }) {
      const structuredContent = { city, degrees: 21 };
      return { ...text(JSON.stringify(structuredContent)), structuredContent };
    },
  },
  wait: {
    description: "Waits until it is cancelled",
    async run(_given, { mcpReq }) {
      const progressToken = mcpReq._meta?.progressToken;
      if (progressToken !== undefined) await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress: 1 } });
      await new Promise<void>((resolve) => mcpReq.signal.addEventListener("abort", () => resolve()));
      cancelled += 1;
      return text("cancelled");
    },
  },
  count_cancelled: { description: "How many were cancelled", run: () => text(String(cancelled)) },
  ...(flags.odd ? { "odd name!": odd } : {}),
  complain: {
    description: "Writes to standard error",
    run() {
      process.stderr.write("something is odd\n");
      return text("said");
    },
  },
  test_logging_tool: { description: "Would log if asked to", run: () => text("nothing was logged") },
  test_trigger_tool_change: {
    description: "Adds a tool, or takes it away",
    async run(_given, { mcpReq }) {
      hasGrown = !hasGrown;
      await mcpReq.notify({ method: "notifications/tools/list_changed" });
      return text("changed");
    },
  },
  test_trigger_prompt_change: {
    description: "Changes the prompts",
    async run(_given, { mcpReq }) {
      prompted += 1;
      await mcpReq.notify({ method: "notifications/prompts/list_changed" });
      return text(`changed ${prompted} times`);
    },
  },
  grow: {
    description: "Adds a tool",
    async run(_given, { mcpReq }) {
      hasGrown = true;
      await mcpReq.notify({ method: "notifications/tools/list_changed" });
      return text("grown");
    },
  },
  crash: {
    description: "Ends the server",
    run() {
      process.stderr.write("about to crash\n");
      process.exit(7);
    },
  },
};

const grown: Record<string, OwnTool> = { ...tools, fresh: { description: "Came later", run: () => text("fresh") } };

const resources: Record<string, { name: string; mimeType: string; text?: string; blob?: string }> = {
  "test://static-text": { name: "static text", mimeType: "text/plain", text: "This is the content of the static text resource." },
  "test://static-binary": { name: "static binary", mimeType: "image/png", blob: png },
};

const prompts: Record<string, { arguments: string[]; messages(given: Record<string, string>): unknown[] }> = {
  test_simple_prompt: { arguments: [], messages: () => [user({ type: "text", text: "This is a simple prompt for testing." })] },
  test_prompt_with_arguments: {
    arguments: ["arg1", "arg2"],
    messages: ({ arg1, arg2 }) => [user({ type: "text", text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` })],
  },
  test_prompt_with_embedded_resource: {
    arguments: ["resourceUri"],
    messages: ({ resourceUri }) => [
      user({ type: "resource", resource: { uri: resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." } }),
      user({ type: "text", text: "Please process the embedded resource above." }),
    ],
  },
  test_prompt_with_image: {
    arguments: [],
    messages: () => [
      user({ type: "image", data: png, mimeType: "image/png" }),
      user({ type: "text", text: "Please analyze the image above." }),
    ],
  },
};

function user(content: unknown): unknown {
  return { role: "user", content };
}

function build(): Server {
  const server = new Server(
    { name: "everything", version: "1.2.3" },
    {
      capabilities: { tools: { listChanged: true }, resources: {}, prompts: { listChanged: true }, completions: {} },
      instructions: "For tests only.",
    },
  );
  const current = () => (hasGrown ? grown : tools);
  server.setRequestHandler("tools/list", () => ({
    tools: Object.entries(current()).map(
      ([name, { description, inputSchema = { type: "object" as const }, outputSchema, annotations }]) => ({
        name,
        description,
        inputSchema,
        ...(outputSchema === undefined ? {} : { outputSchema }),
        ...(annotations === undefined ? {} : { annotations }),
      }),
    ),
  }));
  server.setRequestHandler("tools/call", ({ params }, ctx) => {
    const tool = current()[params.name];
    if (tool === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${params.name}`);
    return tool.run(params.arguments ?? {}, ctx);
  });
  server.setRequestHandler("resources/list", () => ({
    resources: Object.entries(resources).map(([uri, { name, mimeType }]) => ({ uri, name, mimeType, description: name })),
  }));
  server.setRequestHandler("resources/templates/list", () => ({
    resourceTemplates: [{ uriTemplate: "test://template/{id}/data", name: "template", description: "By id", mimeType: "application/json" }],
  }));
  server.setRequestHandler("resources/read", ({ params: { uri } }) => {
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
    if (id !== undefined) {
      const data = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
      return { contents: [{ uri, mimeType: "application/json", text: data }] };
    }
    const found = resources[uri];
    if (found === undefined) throw new ResourceNotFoundError(uri);
    const { mimeType, blob } = found;
    return { contents: [blob === undefined ? { uri, mimeType, text: found.text ?? "" } : { uri, mimeType, blob }] };
  });
  server.setRequestHandler("prompts/list", () => ({
    prompts: [...Object.entries(prompts), [askingPrompt, { arguments: [] }] as const].map(([name, prompt]) => ({
      name,
      description: name.replaceAll("_", " "),
      arguments: prompt.arguments.map((argument) => ({ name: argument, description: argument, required: true })),
    })),
  }));
  server.setRequestHandler("prompts/get", ({ params }, ctx) => {
    if (params.name === askingPrompt) return answerAskingPrompt(ctx);
    const prompt = prompts[params.name];
    if (prompt === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown prompt: ${params.name}`);
    return { messages: prompt.messages(params.arguments ?? {}) as never };
  });
  server.setRequestHandler("completion/complete", ({ params: { argument } }) => {
    const values = ["paris", "park", "party"].filter((value) => value.startsWith(argument.value));
    return { completion: { values, total: values.length, hasMore: false } };
  });
  return server;
}

if (flags.http) {
  const handler = createMcpHandler(build, { keepAliveMs: 0 });
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    if (flags.key !== undefined && request.headers.authorization !== `Bearer ${flags.key}`) {
      response.writeHead(401).end();
      return;
    }
    const abort = new AbortController();
    response.once("close", () => abort.abort());
    const body = await buffer(request);
    const asked = new Request(`http://${request.headers.host}${request.url}`, {
      method: request.method ?? "GET",
      headers: Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]),
      signal: abort.signal,
      ...(request.method === "POST" ? { body } : {}),
    });
    const answer = await handler.fetch(asked);
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    for await (const part of answer.body ?? []) response.write(part);
    response.end();
  };
  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  server.listen(0, "127.0.0.1", () => {
    process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp\n`);
  });
  process.stdin.on("end", () => process.exit(0)).resume();
} else if (flags.legacy) {
  // As a server does that was written before there was a second era: it knows no other first message.
  process.stdin.once("data", (data) => {
    if (!String(data).includes('"initialize"')) process.exit(1);
    process.stdin.unshift(data);
    serveStdio(build);
  });
} else {
  serveStdio(build);
}
