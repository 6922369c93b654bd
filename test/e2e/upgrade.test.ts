/** An upgrade with live sessions: their process host, of the version before, keeps them, and everything that is known of them goes on. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { attachOverWebSocket } from "../support/attach.ts";
import { daemonMain, startTestDaemon } from "../support/daemon.ts";
import { copyAsVersion } from "../support/other-version.ts";
import { until } from "../support/until.ts";
import { writeFakeAgent } from "../support/write-fake-agent.ts";

const patient = { timeoutMs: 40_000 };
const bash = ["bash", "--norc", "--noprofile"];

test("sessions of the version before: agent, viewer, recording, idle time, and memory limit", { timeout: 120_000 }, async () => {
  await using old = await copyAsVersion("0.0.9");
  await using daemon = await startTestDaemon({ main: old.main, config: "[sessions]\nmemoryLimitMb = 300\n" });
  const agent = await writeFakeAgent(daemon.folder, "agent");
  await writeFile(
    join(daemon.folder, "gantry.toml"),
    `[sessions]\nmemoryLimitMb = 300\n[profile.agent]\nextends = "claude"\nbinary = "${agent}"\n`,
  );
  await daemon.restart();
  const { sessions } = (() => daemon.client)();
  const { cwd, env } = { cwd: daemon.folder, env: { PS1: "$ " } };
  const agentIs = (state: string) =>
    until(
      `the agent is ${state}`,
      async () => (await daemon.client.sessions.get({ id: "agent" })).agent,
      (its) => its?.state === state,
      patient,
    );

  await sessions.open({ argv: ["cat"], name: "left", cwd });
  const left = await attachOverWebSocket(daemon.url, daemon.key, "left");
  await sessions.open({ argv: bash, name: "recorded", cwd, env, record: true });
  const viewer = await attachOverWebSocket(daemon.url, daemon.key, "recorded", { since: "0" });
  viewer.type("echo before-$((1+1))\r");
  await viewer.shows("before-2");
  const waits = "until [ -e go-hog ]; do sleep 0.05; done; head -c 500000000 /dev/zero | tail -c 500000000 | sleep 100";
  await sessions.open({ argv: ["bash", "-c", waits], name: "hog", cwd });
  await sessions.open({ profile: "agent", name: "agent", cwd });
  await agentIs("idle");
  const first = await sessions.submitPrompt({ id: "agent", text: `until ${join(cwd, "go-agent")}` });
  await until(
    "the agent's hook says that it works",
    async () => (await sessions.get({ id: "agent" })).agent?.source === "hook",
    Boolean,
    patient,
  );
  const next = await sessions.submitPrompt({ id: "agent", text: "say after the upgrade" });
  expect(next.state).toBe("queued");
  // Nothing happened in it for a while when its viewer leaves: from now on it is idle.
  const { lastActivityAt } = await sessions.get({ id: "left" });
  await until(
    "it has been quiet",
    () => Date.now() - Date.parse(lastActivityAt),
    (quietMs) => quietMs > 1500,
  );
  left.close();
  await left.closed;

  await daemon.stop({ keepPrograms: true });
  await viewer.closed;
  await daemon.restart(daemonMain);
  // As an installer leaves it.
  await old[Symbol.asyncDispose]();

  const { sessions: now } = daemon.client;
  await now.open({ argv: bash, name: "new", cwd, env });
  const { items: hosts } = await now.hosts({});
  expect(hosts.map(({ version, draining, running }) => ({ version, draining, running }))).toEqual([
    { version: old.version, draining: true, running: 4 },
    {
      version: (JSON.parse(await readFile(new URL("../../packages/daemon/package.json", import.meta.url), "utf8")) as { version: string })
        .version,
      draining: false,
      running: 1,
    },
  ]);
  expect((await daemon.cli(["sessions", "hosts"])).stdout).toMatch(/0\.0\.9 +4 +draining/);
  expect((await now.list({ live: true })).items.map(({ name }) => name).toSorted((a, b) => (a ?? "").localeCompare(b ?? ""))).toEqual([
    "agent",
    "hog",
    "left",
    "new",
    "recorded",
  ]);

  // Idle since its viewer left, and not since its last output, which is longer ago.
  const idleNames = async (idleMs: number) => (await now.cleanup({ idleMs, dryRun: true })).ended.map(({ name }) => name);
  const sinceActivityMs = (): number => Date.now() - Date.parse(lastActivityAt);
  expect(await idleNames(sinceActivityMs() - 500)).not.toContain("left");
  expect(await idleNames(500)).toContain("left");

  const again = await attachOverWebSocket(daemon.url, daemon.key, "recorded", { since: String(viewer.offset) });
  again.type("echo after-$((1+1)); exit 5\r");
  expect(await again.exit).toMatchObject({ state: "exited", exitCode: 5 });
  expect([again.gaps, again.messages.some(({ type }) => type === "snapshot")]).toEqual([0, false]);
  const recording = await now.recording({ id: "recorded", format: "text" });
  expect(recording).toMatch(/before-2[^]*after-2/);

  await agentIs("working");
  await writeFile(join(cwd, "go-agent"), "both versions");
  const done = await now.prompt({ id: "agent", promptId: first.promptId, wait: true, timeoutMs: 40_000 });
  expect(done).toMatchObject({ state: "done", output: expect.stringContaining("saw it in both versions") as string });
  const after = await now.prompt({ id: "agent", promptId: next.promptId, wait: true, timeoutMs: 40_000 });
  expect(after).toMatchObject({ state: "done", output: expect.stringContaining("after the upgrade") as string });
  // By a hook, whose program is the new version's.
  expect((await now.get({ id: "agent" })).agent).toMatchObject({ state: "idle", source: "hook", detail: "Stop" });

  await writeFile(join(cwd, "go-hog"), "");
  const hog = await until(
    "it is ended",
    () => now.get({ id: "hog" }),
    ({ state }) => state === "exited",
    patient,
  );
  expect(hog.endReason).toBe("memoryLimit");
  await now.kill({ id: "left" });
  await now.kill({ id: "agent" });
  expect((await now.hosts({})).items.map(({ running }) => running)).toEqual([0, 1]);
});
