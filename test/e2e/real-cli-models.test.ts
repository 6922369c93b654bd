/** The real codex and claude as models: codex answers through Gantry's own Responses API, claude through a stand-in for Anthropic's. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import OpenAI from "openai";
import { expect, test } from "vitest";

import { needAiCli } from "../support/ai-clis.ts";
import { startAnthropicStandIn } from "../support/anthropic-stand-in.ts";
import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const options = { timeout: 180_000 };

async function chat(daemon: TestDaemon, model: string, content: string): Promise<string> {
  await until("the CLI", async () => (await daemon.client.providers.models()).items.some(({ id }) => id === model), Boolean, {
    timeoutMs: 30_000,
  });
  const openai = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: daemon.key, maxRetries: 0 });
  let text = "";
  for await (const chunk of await openai.chat.completions.create({ model, messages: [{ role: "user", content }], stream: true })) {
    text += chunk.choices[0]?.delta.content ?? "";
  }
  return text;
}

const toml = (values: Record<string, string>) =>
  `{ ${Object.entries(values)
    .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
    .join(", ")} }`;

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
      config: `[provider.codex]\ntype = "cli"\ncommand = "${join(folder, "codex")}"\nargs = ${JSON.stringify(args)}\nenv = ${toml({ MODELS_KEY: models.key, HOME: home })}\n`,
    });
    expect(await chat(daemon, "codex", "one two three")).toBe("one two three");
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
});

test("claude streams its answer, and says when it is not signed in", options, async (context) => {
  const folder = await needAiCli(context, "claude");
  const home = await mkdtemp(join(tmpdir(), "gantry-claude-"));
  try {
    await using api = await startAnthropicStandIn("Hello from the stand-in.");
    api.release();
    const quiet = { HOME: home, DISABLE_AUTOUPDATER: "1", CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1" };
    const signedIn = { ...quiet, ANTHROPIC_API_KEY: "sk-ant-not-a-key-0000000000000000", ANTHROPIC_BASE_URL: api.url };
    const table = (name: string, env: Record<string, string>) =>
      `[provider.${name}]\ntype = "cli"\ncommand = "${join(folder, "claude")}"\nmodels = ["${name}"]\nenv = ${toml(env)}\n`;
    await using daemon = await startTestDaemon({ config: `${table("claude", signedIn)}${table("claude-out", quiet)}` });
    expect(await chat(daemon, "claude", "Say hello")).toBe("Hello from the stand-in.");
    await expect(chat(daemon, "claude-out", "Say hello")).rejects.toMatchObject({ status: 401 });
  } finally {
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
});
