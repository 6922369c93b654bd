/** The real AI CLIs have turns with stand-ins for their models: what they are doing is told right, by their hooks and by what they show. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import type { AgentState, AgentStatus } from "@gantry/contract";
import { expect, test } from "vitest";

import { openAccount } from "../support/ai-cli-accounts.ts";
import { type AiCli, needAiCli } from "../support/ai-clis.ts";
import type { AiUpstream } from "../support/ai-upstreams/upstream.ts";
import { environment, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { need, rootOnlyFolder } from "../support/not-run.ts";
import { until } from "../support/until.ts";

interface Case {
  cli: AiCli;
  by: "hooks" | "screen";
}

const cases: Case[] = [
  { cli: "claude", by: "hooks" },
  { cli: "claude", by: "screen" },
  { cli: "codex", by: "screen" },
  { cli: "gemini", by: "hooks" },
  { cli: "gemini", by: "screen" },
];
const question = /Do you want to proceed|Would you like to run|Allow execution of/;
const patient = { timeoutMs: 60_000 };

test.for(cases)(
  "$cli by its $by: working, asking, idle, stopped; prompts wait in order",
  { timeout: 240_000 },
  async ({ cli, by }, context) => {
    const folder = await needAiCli(context, cli);
    const root = await realpath(await mkdtemp(join(tmpdir(), "gantry-turns-")));
    try {
      const work = join(root, "work");
      await mkdir(work);
      await using account = await openAccount(cli, join(root, "home"), work);
      const { upstream } = account;
      const table = Object.entries(account.env).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
      await using daemon = await startTestDaemon({
        // Gemini takes hooks from nowhere else.
        ...(cli === "gemini" && by === "hooks" ? { parent: need(context, rootOnlyFolder) } : {}),
        config: `[profile.${cli}.env]\n${table.join("\n")}\n`,
        env: { PATH: `${folder}${delimiter}${environment("").PATH}` },
      });
      const { sessions } = daemon.client;
      const statusOf = async (): Promise<AgentStatus> => (await sessions.get({ id: "real" })).agent as AgentStatus;
      const sources = by === "hooks" ? ["hook"] : ["screen", "title"];
      const becomes = (wanted: AgentState) =>
        until(`${cli} is ${wanted}`, statusOf, ({ state, source }) => state === wanted && sources.includes(source), patient).catch(
          async (error) => {
            throw new Error(`${(error as Error).message}\n${await sessions.screen({ id: "real" })}`);
          },
        );
      // As a program, not by its profile, it is given no hooks.
      const argv = cli === "codex" ? [cli, "-c", "check_for_update_on_startup=false", "--no-daemon"] : [cli];
      await sessions.open({
        ...(by === "hooks" ? { profile: cli } : { argv, env: account.env }),
        name: "real",
        cwd: work,
        cols: 100,
        rows: 30,
      });
      if (cli === "claude") await leavesItsQuestion(sessions, statusOf, upstream);
      await becomes("idle");

      upstream.hold();
      const first = daemon.cli(["sessions", "send", "--wait", "real", "say hello"], { timeoutMs: 120_000 });
      await becomes("working");
      const second = await sessions.submitPrompt({ id: "real", text: "say second" });
      const never = await sessions.submitPrompt({ id: "real", text: "say never" });
      expect([second.state, never.state]).toEqual(["queued", "queued"]);
      await sessions.cancelPrompt({ id: "real", promptId: never.promptId });
      expect(await statusOf()).toMatchObject({ state: "working" });
      upstream.release();
      expect(await first).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("SAY HELLO") as string });
      const again = await sessions.prompt({ id: "real", promptId: second.promptId, wait: true, timeoutMs: 60_000 });
      expect(again).toMatchObject({ error: null, state: "done", output: expect.stringContaining("SAY SECOND") as string });
      await becomes("idle");
      expect(upstream.heard).toEqual(["say hello", "say second"]);

      const made = join(work, "made");
      const asked = await sessions.submitPrompt({ id: "real", text: `ask: touch ${made}` });
      await becomes("waitingPermission");
      // A hook may tell before the question is painted, and what is typed until then is lost.
      await until(
        "the question",
        () => sessions.screen({ id: "real" }),
        (screen) => question.test(screen),
        patient,
      );
      expect(existsSync(made)).toBe(false);
      upstream.hold();
      await sessions.submitPrompt({ id: "real", text: "say after" });
      await sessions.send({ id: "real", text: "1" });
      await until("the command has run", () => existsSync(made), Boolean, patient);
      await becomes("working");
      upstream.release();
      const ran = await sessions.prompt({ id: "real", promptId: asked.promptId, wait: true, timeoutMs: 60_000 });
      expect(ran).toMatchObject({ error: null, state: "done", output: expect.stringContaining("The command printed") as string });
      await until(
        "all are done",
        async () => (await sessions.prompts({ id: "real" })).items,
        (items) => items.every(({ endedAt }) => endedAt !== null),
        patient,
      );
      expect(upstream.heard.at(-1)).toBe("say after");

      upstream.hold();
      const stopped = await sessions.submitPrompt({ id: "real", text: "say long" });
      await becomes("working");
      await sessions.interrupt({ id: "real" });
      const cancelled = await sessions.prompt({ id: "real", promptId: stopped.promptId, wait: true, timeoutMs: 60_000 });
      expect(cancelled).toMatchObject({ state: "cancelled", agentState: "idle" });
      upstream.release();

      const refused = await sessions.submitPrompt({ id: "real", text: "status 400", wait: true, timeoutMs: 60_000 });
      expect(refused).toMatchObject({
        state: "done",
        agentState: "idle",
        output: expect.stringContaining("the upstream says 400") as string,
      });
    } finally {
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    }
  },
);

/** Once claude asks whether to change its mode, in the place of the line for prompts: one that comes then must not answer that. */
async function leavesItsQuestion(
  { submitPrompt, screen, input, prompt }: TestDaemon["client"]["sessions"],
  statusOf: () => Promise<AgentStatus>,
  { heard }: AiUpstream,
): Promise<void> {
  await until("claude asks", statusOf, ({ state, source }) => state === "waitingInput" && source === "screen", patient);
  const early = await submitPrompt({ id: "real", text: "say early" });
  expect(early).toMatchObject({ state: "queued" });
  // For a moment it takes no keys, so that nobody answers it unawares.
  await until(
    "the question is left",
    async () => {
      const isThere = (await screen({ id: "real" })).includes("default permission mode?");
      if (isThere) await input({ id: "real", text: "\u001b" });
      return isThere;
    },
    (isThere) => !isThere,
    { ...patient, intervalMs: 2000 },
  );
  const answered = await prompt({ id: "real", promptId: early.promptId, wait: true, timeoutMs: 60_000 });
  expect(answered).toMatchObject({ error: null, state: "done", output: expect.stringContaining("SAY EARLY") as string });
  expect(heard.splice(0)).toEqual(["say early"]);
}
