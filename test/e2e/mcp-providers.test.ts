/** MCP servers as providers: the official ones, one of each kind of connection, and what happens when they change or end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { SupervisedInstance } from "@gantry/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const own = join(repository, "test/support/mcp/everything-server.ts");
const official = (name: string) => join(repository, `node_modules/@modelcontextprotocol/server-${name}/dist/index.js`);
const canary = "canary-4f1c9e07-of-the-mcp-key";

interface Content {
  content: { type: string; text: string }[];
  structuredContent?: unknown;
  isError?: boolean;
}

const ready = (daemon: TestDaemon, name: string) =>
  until(
    `${name} to be up`,
    () => daemon.client.providers.get({ name }),
    ({ state }) => state === "ready",
    { timeoutMs: 20_000 },
  );

async function call(daemon: TestDaemon, name: string, method: string, params: Record<string, unknown> = {}): Promise<Content> {
  return (await daemon.client.providers.invoke({ name, method, params })).result as Content;
}
const textOf = ({ content }: Content) => content.map(({ text }) => text).join("\n");

/** The same server over the network, with a key. */
async function startRemote() {
  const child = spawn(process.execPath, [own, "--odd", "--http", "--key", canary], { stdio: ["pipe", "pipe", "inherit"] });
  const [url] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
  return {
    url: url.trim(),
    async end() {
      child.stdin.end();
      await once(child, "exit");
    },
  };
}

describe("an MCP server of our own, as a program of either era and over HTTP", () => {
  let daemon: TestDaemon;
  let remote: Awaited<ReturnType<typeof startRemote>>;
  const names = ["newer", "older", "remote"];
  beforeAll(async () => {
    remote = await startRemote();
    const program = (name: string, ...args: string[]) =>
      `[provider.${name}]\ntype = "mcp"\ncommand = "node"\nargs = ${JSON.stringify([own, "--odd", ...args])}\n`;
    daemon = await startTestDaemon({
      env: { MCP_KEY: canary },
      config: `${program("newer")}env = { EXTRA = "${canary}" }\n${program("older", "--legacy")}[provider.remote]\ntype = "mcp"\nurl = "${remote.url}"\napiKeyEnv = "MCP_KEY"\n`,
    });
    await Promise.all(names.map((name) => ready(daemon, name)));
  });
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]();
    await remote.end();
  });

  test("speaks the era that each of them knows", async () => {
    const eras = await Promise.all(
      names.map(async (name) => {
        const { instances } = await daemon.client.providers.get({ name });
        return (instances[0]?.metadata?.["mcp"] as { protocolVersion?: string } | undefined)?.protocolVersion;
      }),
    );
    expect(eras).toEqual(["2026-07-28", "2025-11-25", "2026-07-28"]);
  });

  test.each(names)("%s: tools are methods, with schemas, hints, progress, and their own failures", async (name) => {
    const { methods, kind, type, version, description } = await daemon.client.providers.get({ name });
    expect({ kind, type, version, description }).toEqual({ kind: "mcp", type: "mcp", version: "1.2.3", description: "everything" });
    const facts = methods.find((method) => method.name === "read_facts");
    expect(facts).toMatchObject({ idempotent: true, output: { required: ["city", "degrees"] }, input: { required: ["city"] } });
    expect(methods.find((method) => method.name === "wait")?.idempotent).toBe(false);

    expect(await call(daemon, name, "read_facts", { city: "Ulm" })).toMatchObject({ structuredContent: { city: "Ulm", degrees: 21 } });
    await expect(call(daemon, name, "read_facts")).rejects.toMatchObject({
      code: "invalidArgument",
      message: expect.stringContaining("city"),
    });
    expect(await call(daemon, name, "test_error_handling")).toMatchObject({ isError: true });
    const odd = methods.find((method) => method.name.startsWith("odd_name-"));
    expect(textOf(await call(daemon, name, odd?.name as string))).toBe("odd");

    const answer = await daemon.client.providers.invoke({ name, method: "test_tool_with_progress", params: {} });
    expect(answer.chunks).toEqual([0, 50, 100].map((progress) => ({ type: "progress", progress, total: 100, message: `at ${progress}` })));
    // Its notice and its result come in one piece.
    for (let call = 0; call < 20; call += 1) {
      const hasty = await daemon.client.providers.invoke({ name, method: "hasty_progress", params: {} });
      expect(hasty).toMatchObject({ chunks: [{ type: "progress", progress: 1, total: 1 }], result: { content: [{ text: "done" }] } });
    }

    expect(await call(daemon, name, "resources/read", { uri: "test://static-text" })).toMatchObject({
      contents: [{ mimeType: "text/plain" }],
    });
    await expect(call(daemon, name, "resources/read", { uri: "test://none" })).rejects.toThrow(/test:\/\/none/);
    expect(await call(daemon, name, "resources/templates/list")).toMatchObject({ resourceTemplates: [{ name: "template" }] });
    expect(
      await call(daemon, name, "prompts/get", { name: "test_prompt_with_arguments", arguments: { arg1: "a", arg2: "b" } }),
    ).toMatchObject({
      messages: [{ content: { text: "Prompt with arguments: arg1='a', arg2='b'" } }],
    });
    const completion = { ref: { type: "ref/prompt", name: "test_prompt_with_arguments" }, argument: { name: "arg1", value: "part" } };
    expect(await call(daemon, name, "completion/complete", completion)).toMatchObject({ completion: { values: ["party"] } });
    expect(await daemon.client.providers.health({ name })).toMatchObject({ status: "ok" });
  });

  test.each(names)("%s: a cancelled call is cancelled at the server", async (name) => {
    const cancel = new AbortController();
    const before = Number(textOf(await call(daemon, name, "count_cancelled")));
    const stream = daemon.client.providers.invoke.stream({ name, method: "wait", params: {} }, { signal: cancel.signal });
    await expect(
      (async () => {
        // Its first progress says that it runs there.
        for await (const event of stream) if (event.type === "chunks") cancel.abort();
      })(),
    ).rejects.toThrow(/abort|cancel/i);
    const after = await until(
      "the server to hear of it",
      async () => Number(textOf(await call(daemon, name, "count_cancelled"))),
      (count) => count > before,
    );
    expect(after).toBe(before + 1);
  });

  test.each(names)("%s: a tool that comes later is a method at once", async (name) => {
    expect(textOf(await call(daemon, name, "grow"))).toBe("grown");
    await until(
      "the new tool",
      () => daemon.client.providers.get({ name }),
      ({ methods }) => methods.some((method) => method.name === "fresh"),
    );
    expect(textOf(await call(daemon, name, "fresh"))).toBe("fresh");
  });

  test("progress goes to standard error and the result to standard output", async () => {
    const { stdout, stderr, exitCode } = await daemon.cli(["providers", "invoke", "newer", "test_tool_with_progress", "--stream"]);
    expect(exitCode).toBe(0);
    expect(stderr).toBe("0/100 at 0\n50/100 at 50\n100/100 at 100\n");
    expect(JSON.parse(stdout)).toMatchObject({ content: [{ type: "text", text: "done" }] });
  });

  test("a tool that says it failed is printed, and the exit status tells", async () => {
    const { stdout, exitCode } = await daemon.cli(["providers", "invoke", "newer", "test_error_handling"]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      isError: true,
      content: [{ text: "This tool intentionally returns an error for testing" }],
    });
  });

  test("one that crashes ends its calls, shows its last words, and is back by itself", async () => {
    await expect(call(daemon, "older", "crash")).rejects.toMatchObject({ code: "aborted" });
    const waiting = await until(
      "its end to be noticed",
      () => daemon.client.providers.get({ name: "older" }),
      ({ supervision }) => supervision?.[0]?.lastEnd !== undefined,
    );
    const [{ lastEnd }] = waiting.supervision as [SupervisedInstance];
    expect(lastEnd).toBe("it exited with code 7");
    const back = await until(
      "it to be back",
      () => ready(daemon, "older"),
      ({ supervision }) => supervision?.[0]?.restarts === 1 && supervision[0].state === "running",
    );
    expect(back.instances).toHaveLength(1);
    expect(textOf(await call(daemon, "older", "complain"))).toBe("said");
    await until(
      "its words",
      () => daemon.client.providers.get({ name: "older" }),
      ({ supervision }) => supervision?.[0]?.stderr?.includes("something is odd") === true,
    );
  });

  test("a key from the environment is in no log, view, database, or command line", async () => {
    const seen = await Promise.all([
      daemon.log(),
      daemon.cli(["providers", "status", "remote", "-v", "--json"]).then(({ stdout }) => stdout),
      daemon.cli(["config", "show", "--json"]).then(({ stdout }) => stdout),
      daemon.client.instances.config({}).then((config) => JSON.stringify(config)),
      readFile(`/proc/${daemon.pid}/cmdline`, "latin1"),
      ...(await readdir(daemon.paths.stateDirectory, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => readFile(join(entry.parentPath, entry.name), "latin1")),
    ]);
    expect(seen.join("\n").includes(canary)).toBe(false);
  });

  test("a remote server that goes away is waited for, and says why", async () => {
    await remote.end();
    await expect(call(daemon, "remote", "test_simple_text")).rejects.toThrow(/remote/);
    const gone = await until(
      "its absence to be noticed",
      () => daemon.client.providers.get({ name: "remote" }),
      ({ supervision }) => supervision?.[0]?.state === "waiting",
    );
    expect(gone).toMatchObject({ state: "offline", lastReason: expect.stringContaining("cannot be reached") });
    remote = await startRemote();
  });
});

describe("the official servers", () => {
  let daemon: TestDaemon;
  beforeAll(async () => {
    const program = (name: string, ...args: string[]) =>
      `[provider.${name}]\ntype = "mcp"\ncommand = "node"\nargs = ${JSON.stringify([official(name), ...args])}\n`;
    daemon = await startTestDaemon({
      config: `${program("everything")}${program("filesystem", ".")}${program("memory")}env = { MEMORY_FILE_PATH = "memory.jsonl" }\n`,
    });
    await Promise.all(["everything", "filesystem", "memory"].map((name) => ready(daemon, name)));
  });
  afterAll(() => daemon[Symbol.asyncDispose]());

  test("everything echoes, adds, and tells of its progress", async () => {
    expect(textOf(await call(daemon, "everything", "echo", { message: "hello" }))).toBe("Echo: hello");
    expect(textOf(await call(daemon, "everything", "get-sum", { a: 2, b: 3 }))).toContain("5");
    const slow = await daemon.client.providers.invoke({
      name: "everything",
      method: "trigger-long-running-operation",
      params: { duration: 0.2, steps: 2 },
    });
    // Its second notice and its result come together, and which of the two is read first is open.
    expect(slow.chunks?.[0]).toMatchObject({ type: "progress", progress: 1, total: 2 });
  });

  test("filesystem reads inside its folder and refuses what is outside", async () => {
    await writeFile(join(daemon.folder, "note.txt"), "read me");
    expect(textOf(await call(daemon, "filesystem", "read_text_file", { path: join(daemon.folder, "note.txt") }))).toBe("read me");
    const outside = await call(daemon, "filesystem", "read_text_file", { path: "/etc/hostname" });
    expect(outside.isError).toBe(true);
    expect(textOf(outside)).toContain("outside allowed directories");
  });

  test("memory remembers", async () => {
    await call(daemon, "memory", "create_entities", { entities: [{ name: "Ada", entityType: "person", observations: ["counts"] }] });
    expect(textOf(await call(daemon, "memory", "read_graph"))).toContain("Ada");
  });
});
