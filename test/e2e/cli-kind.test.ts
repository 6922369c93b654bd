/** AI CLIs as models: what they print becomes a chat, their failures errors, and a cancel ends everything they started. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import OpenAI, { type APIError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const script = join(repository, "test/support/scripted-ai-cli.ts");
let daemon: TestDaemon;
let openai: OpenAI;
let folder: string;
let pidFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-cli-"));
  pidFile = join(folder, "pids");
  const table = (name: string, more = "") =>
    `[provider.${name}]\ntype = "cli"\ncommand = "${process.execPath}"\nargs = ["${script}"]\nenv = { PID_FILE = "${pidFile}" }\n${more}\n`;
  daemon = await startTestDaemon({
    config: `${table("claude", 'models = ["claude", "opus-x"]')}${table("codex")}${table("gemini")}[provider.claude-absent]\ntype = "cli"\ncommand = "no-such-claude"\n`,
  });
  await until("the CLIs", async () => (await daemon.client.providers.models()).items.length === 4);
  openai = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: daemon.key, maxRetries: 0 });
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const ask = (model: string, content: string) => ({ model, messages: [{ role: "user" as const, content }] });

describe.each(["claude", "codex", "gemini"])("%s", (model) => {
  test("answers, with its usage", async () => {
    const answer = await openai.chat.completions.create(ask(model, "answer"));
    expect(answer.choices[0]).toMatchObject({ message: { content: "Hello there" }, finish_reason: "stop" });
    expect(answer.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 });
  });

  test("streams, and tells of the tools that it used itself", async () => {
    let text = "";
    const events: unknown[] = [];
    for await (const chunk of await openai.chat.completions.create({ ...ask(model, "tools"), stream: true })) {
      const delta = chunk.choices[0]?.delta as { content?: string; tool_calls?: unknown; agent_event?: unknown };
      expect(delta.tool_calls).toBeUndefined();
      text += delta.content ?? "";
      if (delta.agent_event !== undefined) events.push(delta.agent_event);
    }
    expect(text.replace(/\s+/g, " ")).toBe("Looking. Two files.");
    expect(events).toMatchObject([
      { type: "tool", input: { command: expect.stringContaining("ls") } },
      { type: "toolResult", isError: false, output: "a b" },
    ]);
  });

  test("says that it must be signed in, and what its last words were when it dies", async () => {
    const failure = (content: string) => openai.chat.completions.create(ask(model, content)).catch((error: unknown) => error as APIError);
    expect(await failure("refuse")).toMatchObject({ status: 401, message: expect.stringContaining("sign in") });
    expect(await failure("die")).toMatchObject({ status: 502, message: expect.stringMatching(/code 3.*out of cheese/) });
    expect(await failure("nonsense")).toMatchObject({ status: 502, message: expect.stringContaining("ended before its answer") });
  });
});

test("a cancel ends the program and what it started, also what ignores TERM in a session of its own", async () => {
  const controller = new AbortController();
  const call = openai.chat.completions.create(ask("codex", "hang"), { signal: controller.signal }).catch((error: unknown) => error);
  const pids = await until(
    "the program to hang",
    () => readFileSync(pidFile, "utf8").split(" ").map(Number),
    (found) => found.length === 2,
  );
  controller.abort();
  await call;
  const isAlive = (pid: number) => {
    try {
      return !readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.startsWith("Z");
    } catch {
      return false;
    }
  };
  expect(
    await until(
      "both to be gone",
      () => pids.filter(isAlive),
      (left) => left.length === 0,
    ),
  ).toEqual([]);
  expect(
    await until(
      "the slot",
      async () => (await daemon.client.providers.get({ name: "codex" })).inflight,
      (inflight) => inflight === 0,
    ),
  ).toBe(0);
});

test("the model and a whole conversation reach the program by its arguments and its input, and what it cannot take is refused", async () => {
  const messages = [
    { role: "system" as const, content: "Be brief." },
    { role: "user" as const, content: [{ type: "text" as const, text: "One?" }] },
    { role: "assistant" as const, content: "1" },
    { role: "user" as const, content: "model" },
  ];
  const answer = await openai.chat.completions.create({ model: "opus-x", messages });
  const { args, prompt } = JSON.parse(answer.choices[0]?.message.content ?? "") as { args: string[]; prompt: string };
  expect(args.slice(-2)).toEqual(["--model", "opus-x"]);
  expect(prompt).toBe("Instructions: Be brief.\n\nUser: One?\n\nYou answered: 1\n\nUser: model");
  const tools = [{ type: "function" as const, function: { name: "f", parameters: {} } }];
  await expect(openai.chat.completions.create({ ...ask("claude", "answer"), tools })).rejects.toMatchObject({ status: 400 });
});

test("a CLI that is not installed is shown with its reason, and the others answer for their health", async () => {
  const absent = await until(
    "the reason",
    () => daemon.client.providers.get({ name: "claude-absent" }),
    ({ lastReason }) => lastReason?.includes("no-such-claude") === true,
  );
  expect(absent).toMatchObject({ state: "offline", type: "cli" });
  expect(await daemon.client.providers.health({ name: "gemini" })).toMatchObject({
    status: "ok",
    instances: [{ detail: "9.8.7 (scripted)" }],
  });
  expect(await daemon.client.providers.get({ name: "gemini" })).toMatchObject({ version: "9.8.7 (scripted)", kind: "llm" });
});
