/** The real AI CLIs as models, run headless: their answers, the tools that they used, what it took, and their failures, each from a real turn. */
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import OpenAI, { type APIError } from "openai";
import { expect, test } from "vitest";

import { openAccount } from "../support/ai-cli-accounts.ts";
import { quietClaude } from "../support/ai-cli-starts.ts";
import { type AiCli, needAiCli } from "../support/ai-clis.ts";
import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const options = { timeout: 180_000 };

async function modelsOf(daemon: TestDaemon, wanted: number): Promise<OpenAI> {
  await until("the CLIs", async () => (await daemon.client.providers.models()).items.length === wanted, Boolean, { timeoutMs: 60_000 });
  return new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: daemon.key, maxRetries: 0 });
}

async function chat(openai: OpenAI, model: string, content: string) {
  const seen = { text: "", events: [] as unknown[], usage: undefined as OpenAI.CompletionUsage | undefined };
  const stream_options = { include_usage: true };
  const messages = [{ role: "user" as const, content }];
  for await (const chunk of await openai.chat.completions.create({ model, messages, stream: true, stream_options })) {
    const delta = chunk.choices[0]?.delta as { content?: string; agent_event?: unknown } | undefined;
    seen.text += delta?.content ?? "";
    if (delta?.agent_event !== undefined) seen.events.push(delta.agent_event);
    seen.usage = chunk.usage ?? seen.usage;
  }
  return seen;
}

const table = (values: Record<string, string>) =>
  `{ ${Object.entries(values)
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
    .join(", ")} }`;

/** What lets each run a command without asking. */
const allowed: Record<AiCli, string[]> = {
  claude: ["--allowedTools=Bash"],
  codex: [],
  gemini: ["--approval-mode=yolo"],
};

test.for(["claude", "codex", "gemini"] as const)("%s: text, tools, usage, and a refusal", options, async (cli, context) => {
  const folder = await needAiCli(context, cli);
  const root = await realpath(await mkdtemp(join(tmpdir(), "gantry-models-")));
  try {
    const work = join(root, "work");
    await mkdir(work);
    await using account = await openAccount(cli, join(root, "home"), work);
    // It is not run in the folder that it trusts.
    const env = { ...account.env, ...(cli === "gemini" ? { GEMINI_CLI_TRUST_WORKSPACE: "true" } : {}) };
    const config = `[provider.${cli}]\ntype = "cli"\ncommand = "${join(folder, cli)}"\nargs = ${JSON.stringify(allowed[cli])}\nenv = ${table(env)}\n`;
    await using daemon = await startTestDaemon({ config });
    const openai = await modelsOf(daemon, 1);
    const answer = await chat(openai, cli, "say hello");
    expect(answer).toMatchObject({ text: "SAY HELLO", events: [] });
    expect(answer.usage).toMatchObject({ prompt_tokens: 5, completion_tokens: 9, total_tokens: 14 });
    const tools = await chat(openai, cli, "run: echo from the shell");
    expect(tools.events).toMatchObject([
      { type: "tool", input: { command: expect.stringContaining("echo from the shell") as string } },
      { type: "toolResult", isError: false, output: expect.stringContaining("from the shell") as string },
    ]);
    expect(tools.text).toMatch(/^The command printed .*from the shell/);
    // Both requests of the turn.
    expect(tools.usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 18 });
    const failure = await openai.chat.completions
      .create({ model: cli, messages: [{ role: "user", content: "status 400" }] })
      .catch((error: unknown) => error as APIError);
    expect(failure).toMatchObject({ status: 500, message: expect.stringContaining("the upstream says 400") as string });
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  }
});

test("claude says when it is not signed in", options, async (context) => {
  const folder = await needAiCli(context, "claude");
  const home = await mkdtemp(join(tmpdir(), "gantry-claude-"));
  try {
    const env = { HOME: home, ...quietClaude };
    await using daemon = await startTestDaemon({
      config: `[provider.claude]\ntype = "cli"\ncommand = "${join(folder, "claude")}"\nenv = ${table(env)}\n`,
    });
    const openai = await modelsOf(daemon, 1);
    const call = openai.chat.completions.create({ model: "claude", messages: [{ role: "user", content: "say hello" }] });
    await expect(call).rejects.toMatchObject({ status: 401 });
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
});

test("codex runs on a model of another Gantry", options, async (context) => {
  const folder = await needAiCli(context, "codex");
  const home = await mkdtemp(join(tmpdir(), "gantry-codex-"));
  try {
    await using models = await startTestDaemon();
    models.spawnProgram(process.execPath, [join(repository, "examples/echo-llm/provider.ts")]);
    await until("the model", async () => (await models.client.providers.models()).items.length === 1);
    const provider = `model_providers.g={name="g",base_url="${models.url}/v1",env_key="MODELS_KEY",wire_api="responses"}`;
    const args = ["-c", 'model_provider="g"', "-c", provider, "-c", 'model="echo-1"'];
    await using daemon = await startTestDaemon({
      config: `[provider.codex]\ntype = "cli"\ncommand = "${join(folder, "codex")}"\nargs = ${JSON.stringify(args)}\nenv = ${table({ MODELS_KEY: models.key, HOME: home })}\n`,
    });
    expect((await chat(await modelsOf(daemon, 1), "codex", "one two three")).text).toBe("one two three");
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
});
