/** The real AI CLIs, opened by their profiles: they are found and probed, and their screens are those that they paint in a bare terminal. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import type { AgentStatus } from "@gantry/contract";
import { expect, test } from "vitest";

import { aiCliStarts, freshHome, quietClaude } from "../support/ai-cli-starts.ts";
import { needAiCli } from "../support/ai-clis.ts";
import { startAnthropicStandIn } from "../support/anthropic-stand-in.ts";
import { startBareTerminal } from "../support/bare-terminal.ts";
import { environment, startTestDaemon } from "../support/daemon.ts";
import { type Painted, paintedBy } from "../support/terminal-cells.ts";
import { until } from "../support/until.ts";
import { differencesShown, inTerminal, none, sessionEnv, size } from "../support/user-terminal.ts";

test.for(aiCliStarts)("$cli up to its first question", { timeout: 180_000 }, async (start, context) => {
  const { cli, args = [], shows, env: more } = start;
  const folder = await needAiCli(context, cli);
  const root = await mkdtemp(join(tmpdir(), "gantry-cli-"));
  const home = join(root, "home");
  const work = join(root, "work");
  await mkdir(work);
  try {
    await using daemon = await startTestDaemon({ env: { PATH: `${folder}${delimiter}${environment("").PATH}` } });
    const profile = (await daemon.client.sessions.profiles({})).items.find(({ name }) => name === cli);
    expect(profile).toMatchObject({
      available: true,
      path: join(folder, cli),
      version: folder
        .split("/")
        .at(-2)
        ?.slice(cli.length + 1),
      features: { resume: true, headless: true, fullAccess: true },
      problems: [],
    });
    const env = sessionEnv(daemon, { ...more, HOME: home });
    let wanted: Painted;
    await freshHome(home, start);
    {
      await using bare = startBareTerminal(join(folder, cli), args, { ...size, cwd: work, env });
      await bare.shows(shows);
      await bare.settles(1500);
      wanted = paintedBy(bare.terminal);
    }
    await freshHome(home, start);
    await using user = inTerminal(daemon, ["open", "--name", "cli", "--cwd", work, cli], env);
    await user.shows(shows);
    expect(await differencesShown(daemon, user, "cli", wanted)).toEqual(none);
    const agent = await until(
      "its question is seen",
      async () => (await daemon.client.sessions.get({ id: "cli" })).agent as AgentStatus,
      ({ state }) => state === "waitingInput",
    );
    expect(agent).toMatchObject({ kind: "agent", source: "screen" });
    await daemon.client.sessions.kill({ id: "cli" });
    await user.exited;
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  }
});

test(
  "the real claude has a turn: its own hooks tell it, a prompt waits, and --wait prints the answer",
  { timeout: 180_000 },
  async (context) => {
    const folder = await needAiCli(context, "claude");
    const root = await realpath(await mkdtemp(join(tmpdir(), "gantry-cli-")));
    try {
      await using api = await startAnthropicStandIn("Hello from the stand-in.");
      const work = join(root, "work");
      await mkdir(work);
      const key = "sk-ant-not-a-key-0000000000000000";
      const settings = {
        hasCompletedOnboarding: true,
        theme: "dark",
        customApiKeyResponses: { approved: [key.slice(-20)], rejected: [] },
        projects: { [work]: { hasTrustDialogAccepted: true } },
      };
      await writeFile(join(root, ".claude.json"), JSON.stringify(settings));
      const env = { HOME: root, ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: api.url, ...quietClaude };
      const table = Object.entries(env).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
      await using daemon = await startTestDaemon({
        config: `[profile.claude.env]\n${table.join("\n")}\n`,
        env: { PATH: `${folder}${delimiter}${environment("").PATH}` },
      });
      const statusOf = async (): Promise<AgentStatus> => (await daemon.client.sessions.get({ id: "real" })).agent as AgentStatus;
      const becomes = (state: string, source: string) =>
        until(`claude is ${state} by its ${source}`, statusOf, (status) => status.state === state && status.source === source, {
          timeoutMs: 60_000,
        });
      await daemon.client.sessions.open({ profile: "claude", name: "real", cwd: work, cols: 100, rows: 30 });
      await becomes("idle", "hook");
      const answered = daemon.cli(["sessions", "send", "--wait", "real", "Say hello"], { timeoutMs: 90_000 });
      await becomes("working", "hook");
      const waiting = await daemon.client.sessions.submitPrompt({ id: "real", text: "Say it again" });
      expect(waiting.state).toBe("queued");
      api.release();
      expect(await answered).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Hello from the stand-in.") as string });
      const again = await daemon.client.sessions.prompt({ id: "real", promptId: waiting.promptId, wait: true, timeoutMs: 60_000 });
      expect(again).toMatchObject({ state: "done", output: expect.stringContaining("Hello from the stand-in.") as string });
      expect(await statusOf()).toMatchObject({ state: "idle", source: "hook", detail: "Stop" });
    } finally {
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    }
  },
);
