/** MCP outward: every provider and chosen commands as tools under /mcp, one provider under /mcp/{provider}, in both eras. */
import { dirname, join } from "node:path";

import { deliverInOrder } from "@gantry/daemon/src/providers/managed/mcp/in-order.ts";
import { Client, type CallToolResult, type Progress, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { collect, repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const own = join(repository, "test/support/mcp/everything-server.ts");
const calculator = join(repository, "examples/calculator-ts/provider.ts");
const inspector = join(repository, "node_modules/@modelcontextprotocol/inspector-cli/build/cli.js");

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startTestDaemon({
    config: `
[provider.everything]
type = "mcp"
command = "node"
args = [${JSON.stringify(own)}]
[provider.calculator]
type = "process"
command = "node"
args = [${JSON.stringify(calculator)}]
[command.greet]
summary = "Greets somebody"
argv = ["echo", "hello {name}"]
input = { name = { type = "string" } }
[command.fail]
argv = ["sh", "-c", "echo before; exit 3"]
[command.hidden]
argv = ["true"]
[mcp]
commands = ["greet", "fail"]
`,
  });
  for (const name of ["everything", "calculator"]) {
    await until(
      `${name} to be up`,
      () => daemon.client.providers.get({ name }),
      ({ state }) => state === "ready",
    );
  }
});
afterAll(() => daemon[Symbol.asyncDispose]());

const eras = { newer: "auto", older: "legacy" } as const;

async function connect(path: string, mode: "auto" | "legacy" = "auto", key = daemon.key) {
  const client = new Client(
    { name: "test", version: "1.0.0" },
    { versionNegotiation: { mode }, capabilities: { elicitation: { form: {} } } },
  );
  const transport = new StreamableHTTPClientTransport(new URL(path, daemon.url), {
    requestInit: { headers: { authorization: `Bearer ${key}` } },
  });
  await client.connect(transport);
  deliverInOrder(transport);
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

const textOf = ({ content }: CallToolResult) => content.map((block) => (block.type === "text" ? block.text : block.type)).join("\n");
const keyOf = async (role: "viewer" | "relay" | "runner") => (await daemon.client.access.createKey({ name: role, role })).key;

test("a notice of progress leaves before the result, even when both come at once", async () => {
  // By hand: the official client itself may lose it (https://github.com/modelcontextprotocol/typescript-sdk/issues/2580).
  for (let call = 0; call < 20; call += 1) {
    const answer = await fetch(`${daemon.url}/mcp/everything`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${daemon.key}`,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        "mcp-protocol-version": "2025-11-25",
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "hasty_progress", arguments: {}, _meta: { progressToken: "mine" } },
      }),
    });
    const messages = [...(await answer.text()).matchAll(/^data: (.+)$/gm)].map(([, data]) => JSON.parse(data as string) as object);
    expect(messages).toMatchObject([
      { method: "notifications/progress", params: { progressToken: "mine", progress: 1 } },
      { id: 1, result: { content: [{ text: "done" }] } },
    ]);
  }
});

describe.each(Object.entries(eras))("in the %s era", (_name, mode) => {
  test("/mcp lists every provider's tools and the chosen commands, with names that any client takes", async () => {
    await using client = await connect("/mcp", mode);
    expect(client.getServerVersion()?.name).toBe("gantry");
    const { tools } = await client.listTools();
    const names = tools.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["everything__read_facts", "calculator__add", "run__greet", "run__fail"]));
    expect(names.filter((name) => !/^[A-Za-z0-9_-]{1,64}$/.test(name))).toEqual([]);
    expect(names).not.toContain("run__hidden");
    expect(names.some((name) => name.includes("resources"))).toBe(false);
    expect(tools.find(({ name }) => name === "everything__read_facts")).toMatchObject({
      annotations: { readOnlyHint: true },
      inputSchema: { required: ["city"] },
      outputSchema: { required: ["city", "degrees"] },
    });
  });

  test("calls reach providers, MCP servers, and commands, and come back with structure", async () => {
    await using client = await connect("/mcp", mode);
    expect(await client.callTool({ name: "calculator__add", arguments: { a: 5, b: 3 } })).toMatchObject({
      content: [{ type: "text", text: "8" }],
    });
    expect(await client.callTool({ name: "everything__read_facts", arguments: { city: "Ulm" } })).toMatchObject({
      structuredContent: { city: "Ulm", degrees: 21 },
    });
    expect(textOf(await client.callTool({ name: "run__greet", arguments: { name: "Ada" } }))).toBe("hello Ada\n");
    const resource = await client.callTool({ name: "everything__test_embedded_resource", arguments: {} });
    expect(resource.content[0]).toMatchObject({ resource: { uri: "gantry:everything:test://embedded-resource" } });
  });

  test("a failure is a result that a model can read; an unknown tool is an error of the protocol", async () => {
    await using client = await connect("/mcp", mode);
    const divided = await client.callTool({ name: "calculator__divide", arguments: { a: 1, b: 0 } });
    expect(divided).toMatchObject({ isError: true, _meta: { "gantry/code": "invalidArgument" } });
    expect(textOf(divided)).toContain("division by zero");
    const refused = await client.callTool({ name: "calculator__add", arguments: { a: "five", b: 3 } });
    expect(refused.isError).toBe(true);
    expect(textOf(refused)).toContain("params/a must be number");
    const failed = await client.callTool({ name: "run__fail", arguments: {} });
    expect(failed.isError).toBe(true);
    expect(textOf(failed)).toMatch(/^before\n\nfailed: .*3/);
    await expect(client.callTool({ name: "calculator__ad", arguments: {} })).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining("Did you mean calculator__add?"),
    });
  });

  test("progress comes while the tool works: a server's own, and the chunks of a stream", async () => {
    await using client = await connect("/mcp", mode);
    const seen: Progress[] = [];
    const slow = await client.callTool(
      { name: "everything__test_tool_with_progress", arguments: {} },
      { onprogress: (at) => seen.push(at) },
    );
    expect(textOf(slow)).toBe("done");
    expect(seen.map(({ progress }) => progress)).toEqual([0, 50, 100]);
    const counted: Progress[] = [];
    await client.callTool({ name: "calculator__count", arguments: { to: 3, delayMs: 20 } }, { onprogress: (at) => counted.push(at) });
    expect(counted.map(({ progress }) => progress)).toEqual([1, 2, 3]);
  });

  test("cancelling reaches the provider", async () => {
    await using client = await connect("/mcp/everything", mode);
    const count = async () => Number(textOf(await client.callTool({ name: "count_cancelled", arguments: {} })));
    const before = await count();
    const cancel = new AbortController();
    const waiting = client.callTool({ name: "wait", arguments: {} }, { signal: cancel.signal, onprogress: () => cancel.abort() });
    await expect(waiting).rejects.toThrow(/abort|cancel/i);
    expect(await until("the server to hear of it", count, (now) => now > before)).toBe(before + 1);
  });

  test("/mcp/{provider} has the names, resources, prompts, and completion of the server behind it", async () => {
    await using client = await connect("/mcp/everything", mode);
    expect(client.getServerVersion()).toMatchObject({ name: "everything", version: "1.2.3" });
    expect(client.getInstructions()).toBe("For tests only.");
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("read_facts");
    expect(await client.readResource({ uri: "test://template/7/data" })).toMatchObject({ contents: [{ mimeType: "application/json" }] });
    await expect(client.readResource({ uri: "test://none" })).rejects.toThrow(/test:\/\/none/);
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toContain("test_prompt_with_arguments");
    const ref = { type: "ref/prompt", name: "test_prompt_with_arguments" } as const;
    expect(await client.complete({ ref, argument: { name: "arg1", value: "part" } })).toMatchObject({ completion: { values: ["party"] } });
  });

  test("/mcp has the resources and prompts of all, under names that say whose they are", async () => {
    await using client = await connect("/mcp", mode);
    const { resources } = await client.listResources();
    expect(resources.map(({ uri }) => uri)).toContain("gantry:everything:test://static-text");
    const read = await client.readResource({ uri: "gantry:everything:test://static-text" });
    expect(read.contents[0]).toMatchObject({ uri: "gantry:everything:test://static-text", mimeType: "text/plain" });
    await expect(client.readResource({ uri: "gantry:nobody:test://static-text" })).rejects.toThrow(/not found/i);
    const { resourceTemplates } = await client.listResourceTemplates();
    expect(resourceTemplates[0]?.uriTemplate).toBe("gantry:everything:test://template/{id}/data");
    const prompt = await client.getPrompt({ name: "everything__test_prompt_with_arguments", arguments: { arg1: "a", arg2: "b" } });
    expect(prompt.messages[0]?.content).toMatchObject({ text: "Prompt with arguments: arg1='a', arg2='b'" });
    const ref = { type: "ref/prompt", name: "everything__test_prompt_with_arguments" } as const;
    expect(await client.complete({ ref, argument: { name: "arg1", value: "part" } })).toMatchObject({ completion: { values: ["party"] } });
  });

  test("a key may do here what it may do everywhere", async () => {
    await using viewer = await connect("/mcp", mode, await keyOf("viewer"));
    expect((await viewer.listTools()).tools.map(({ name }) => name)).not.toContain("run__greet");
    const refused = await viewer.callTool({ name: "calculator__add", arguments: { a: 1, b: 2 } });
    expect(refused).toMatchObject({ isError: true, _meta: { "gantry/code": "permissionDenied" } });

    await using relay = await connect("/mcp", mode, await keyOf("relay"));
    expect(textOf(await relay.callTool({ name: "calculator__add", arguments: { a: 1, b: 2 } }))).toBe("3");
    await expect(relay.callTool({ name: "run__greet", arguments: { name: "x" } })).rejects.toThrow(/Unknown tool/);

    await using runner = await connect("/mcp", mode, await keyOf("runner"));
    expect(textOf(await runner.callTool({ name: "run__greet", arguments: { name: "you" } }))).toBe("hello you\n");
  });
});

test("a server that asks its caller for more reaches it through the answer", async () => {
  await using client = await connect("/mcp/everything");
  client.setRequestHandler("elicitation/create", () => ({ action: "accept", content: { name: "Ada" } }));
  expect(textOf(await client.callTool({ name: "test_input_required_result_elicitation", arguments: {} }))).toBe("Hello, Ada!");
  // Who cannot be asked is not asked.
  const { result } = await daemon.client.providers.invoke({
    name: "everything",
    method: "test_input_required_result_capabilities",
    params: {},
  });
  expect(textOf(result as CallToolResult)).toBe("nothing can be asked");
});

test("changes are told to whoever listens", async () => {
  await using client = await connect("/mcp/everything");
  const told: string[] = [];
  client.setNotificationHandler("notifications/tools/list_changed", () => void told.push("tools"));
  await client.listen({ toolsListChanged: true });
  await client.callTool({ name: "grow", arguments: {} });
  await until(
    "the notice",
    () => told.length,
    (count) => count > 0,
  );
  const tools = await until(
    "the new tool",
    async () => (await client.listTools(undefined, { cacheMode: "refresh" })).tools.map(({ name }) => name),
    (names) => names.includes("fresh"),
  );
  expect(tools.filter((name) => name === "fresh")).toHaveLength(1);
});

test("a key that is revoked loses its stream within a second", async () => {
  const { key, id } = await daemon.client.access.createKey({ name: "listener", role: "relay" });
  await using client = await connect("/mcp/everything", "auto", key);
  const subscription = await client.listen({ toolsListChanged: true });
  await daemon.client.access.revokeKey({ id });
  expect(await subscription.closed).toBe("remote");
  await expect(connect("/mcp/everything", "auto", key)).rejects.toThrow(/401|Unauthorized/i);
});

test("the door is the same as everywhere: key, Host, Origin, type, and a provider that is there", async () => {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });
  const ask = (path: string, headers: Record<string, string> = {}, text = body) =>
    fetch(new URL(path, daemon.url), {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream", ...headers },
      body: text,
    });
  const authorization = `Bearer ${daemon.key}`;
  for (const path of ["/mcp", "/mcp/everything"]) {
    expect((await ask(path)).status).toBe(401);
    expect((await ask(path, { authorization: "Bearer wrong" })).status).toBe(401);
    expect((await ask(path, { authorization, origin: "http://evil.example" })).status).toBe(403);
    expect((await ask(path, { authorization, "content-type": "text/plain" })).status).toBe(415);
    expect((await ask(path, { authorization }, "{not json")).status).toBe(400);
    expect((await ask(path, { authorization })).status).toBe(200);
  }
  const unknown = await ask("/mcp/everythin", { authorization });
  expect(unknown.status).toBe(404);
  expect(await unknown.json()).toMatchObject({ error: { message: expect.stringContaining("Did you mean everything?") } });
  expect((await ask("/mcp/..%2f..%2fetc", { authorization })).status).toBe(404);
});

test("the Inspector's own CLI lists and calls", async () => {
  // It looks for its own package.json from where it runs.
  const inspect = (...args: string[]) =>
    collect(
      daemon.spawnProgram(
        process.execPath,
        [inspector, `${daemon.url}/mcp`, "--cli", "--transport", "http", "--header", `Authorization: Bearer ${daemon.key}`, ...args],
        { cwd: dirname(inspector) },
      ),
    );
  const [listed, called] = await Promise.all([
    inspect("--method", "tools/list"),
    inspect("--method", "tools/call", "--tool-name", "calculator__add", "--tool-arg", "a=5", "--tool-arg", "b=3"),
  ]);
  expect(listed).toMatchObject({ exitCode: 0 });
  expect((JSON.parse(listed.stdout) as { tools: { name: string }[] }).tools.map(({ name }) => name)).toContain("calculator__add");
  expect(JSON.parse(called.stdout)).toMatchObject({ content: [{ type: "text", text: "8" }] });
});

test.each(Object.entries(eras))("gantry mcp is a server on standard streams, in the %s era", async (_name, mode) => {
  const { command, args } = { command: process.execPath, args: [join(repository, "packages/cli/bin/gantry.js"), "mcp"] };
  const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: { mode } });
  const transport = new StdioClientTransport({ command, args, env: daemon.env, cwd: daemon.folder, stderr: "ignore" });
  await client.connect(transport);
  deliverInOrder(transport);
  try {
    expect(client.getProtocolEra()).toBe(mode === "auto" ? "modern" : "legacy");
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain("calculator__add");
    expect(textOf(await client.callTool({ name: "calculator__add", arguments: { a: 5, b: 3 } }))).toBe("8");
    const seen: number[] = [];
    await client.callTool(
      { name: "everything__test_tool_with_progress", arguments: {} },
      { onprogress: ({ progress }) => seen.push(progress) },
    );
    expect(seen).toEqual([0, 50, 100]);
    const cancel = new AbortController();
    const waiting = client.callTool(
      { name: "everything__wait", arguments: {} },
      { signal: cancel.signal, onprogress: () => cancel.abort() },
    );
    await expect(waiting).rejects.toThrow(/abort|cancel/i);
    await expect(client.readResource({ uri: "gantry:everything:test://none" })).rejects.toThrow(/test:\/\/none/);
  } finally {
    await client.close();
  }
});

test("gantry mcp says at once that a provider is not there", async () => {
  const { exitCode, stderr, stdout } = await daemon.cli(["mcp", "everythin"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: "" });
  expect(stderr).toContain("Did you mean everything?");
});

test("a provider that is lost during a call is a failure that can be read", async () => {
  await using client = await connect("/mcp/everything");
  const crashed = await client.callTool({ name: "crash", arguments: {} });
  expect(crashed).toMatchObject({ isError: true, _meta: { "gantry/code": "aborted" } });
});
