/** Agents in sessions, played by a scripted one: state by hooks, announcements, and screen; prompts that wait; restarts; answers. */
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { createClient } from "@gantry/client";
import type { AgentState, AgentStatus } from "@gantry/contract";
import { afterAll, beforeAll, expect, test } from "vitest";

import { collect, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";
import { type FakeAgentQuirks, writeFakeAgent } from "../support/write-fake-agent.ts";

const patient = { timeoutMs: 20_000 };

/** Profiles `hooks`, `osc`, and `screen`: the same agent that tells its state by one thing only. */
async function startWithAgents(): Promise<TestDaemon> {
  const daemon = await startTestDaemon({ config: "" });
  const kinds = ["hooks", "osc", "screen"] as const;
  const files = await Promise.all(
    kinds.map((signals: FakeAgentQuirks["signals"]) => writeFakeAgent(daemon.folder, `fake-${signals}`, { signals })),
  );
  const dying = await writeFakeAgent(daemon.folder, "dying", { dies: 7 });
  const tables = kinds.map((kind, index) => `[profile.${kind}]\nextends = "claude"\nbinary = "${files[index]}"\n`);
  await writeFile(
    join(daemon.folder, "gantry.toml"),
    `${tables.join("")}[profile.dying]\nextends = "claude"\nbinary = "${dying}"\n[profile.unread]\nbinary = "tee"\n`,
  );
  await daemon.restart();
  return daemon;
}

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startWithAgents();
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

async function statusOf(id: string): Promise<AgentStatus> {
  return (await daemon.client.sessions.get({ id })).agent as AgentStatus;
}

function becomes(id: string, state: AgentState): Promise<AgentStatus> {
  return until(
    `${id} is ${state}`,
    () => statusOf(id),
    (status) => status.state === state,
    patient,
  );
}

async function openAgent(profile: string, name: string): Promise<string> {
  const { sessionId } = await daemon.client.sessions.open({ profile, name, cwd: daemon.folder, cols: 90, rows: 30 });
  await becomes(sessionId, "idle");
  return sessionId;
}

const file = (name: string): string => join(daemon.folder, name);

/** What hooks told and no daemon took. */
async function callsInSpool(id: string): Promise<{ event: string; startedMs: number }[]> {
  const folder = join(daemon.paths.runDirectory, "agents", id, "spool");
  const names = (await readdir(folder)).filter((name) => !name.endsWith(".new"));
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  return texts.map((text) => JSON.parse(text) as { event: string; startedMs: number }).sort((a, b) => a.startedMs - b.startedMs);
}

test.each([
  ["hooks", "hook"],
  ["osc", "osc"],
  ["screen", "screen"],
] as const)("an agent that tells by %s: working, asking, idle, stopped, exited", async (profile, source) => {
  const { sessions } = daemon.client;
  const id = await openAgent(profile, `by-${profile}`);
  const saysItself = (wanted: AgentState) =>
    until(
      `it says itself that it is ${wanted}`,
      () => statusOf(id),
      ({ state, source: by }) => state === wanted && by === source,
      patient,
    );
  await sessions.send({ id, text: `until ${file(`go-${profile}`)}` });
  expect(await becomes(id, "working")).toMatchObject({ kind: "agent" });
  await saysItself("working");
  await writeFile(file(`go-${profile}`), "time");
  await saysItself("idle");
  expect(await sessions.screen({ id })).toContain("saw it in time");
  await sessions.send({ id, text: "permission" });
  await saysItself("waitingPermission");
  await sessions.input({ id, text: "1" });
  await until("it was allowed", async () => (await sessions.screen({ id })).includes("It was allowed"), Boolean, patient);
  await becomes(id, "idle");
  // No hook tells that a turn was stopped by a key.
  await sessions.send({ id, text: "until /nowhere" });
  await saysItself("working");
  await sessions.interrupt({ id });
  expect((await becomes(id, "idle")).source).toBe("screen");
  expect(await sessions.screen({ id })).toContain("Interrupted by user");
  await sessions.send({ id, text: "die" });
  expect(await becomes(id, "exited")).toMatchObject({ source: "exit", detail: "exit code 3" });
});

test("--wait returns when the agent is idle again, with what it printed; prompts meanwhile wait in order and can be cancelled", async () => {
  await openAgent("hooks", "queue");
  const first = daemon.cli(["sessions", "send", "--wait", "--timeout", "25s", "queue", `until ${file("go-queue")}`]);
  await becomes("queue", "working");
  const second = await daemon.cli(["sessions", "send", "queue", "say", "second"]);
  expect(second).toMatchObject({ exitCode: 0, stdout: "", stderr: expect.stringContaining("the prompt waits") as string });
  await daemon.client.sessions.submitPrompt({ id: "queue", text: "say never" });
  const last = daemon.cli(["sessions", "send", "--wait", "--json", "queue", "say third\nline"]);
  const waiting = await until(
    "all wait",
    async () => (await daemon.client.sessions.prompts({ id: "queue" })).items,
    (items) => items.length === 4,
    patient,
  );
  expect(waiting.map(({ state }) => state)).toEqual(["submitted", "queued", "queued", "queued"]);
  expect((await daemon.cli(["sessions", "list"])).stdout).toMatch(/queue +active +working \+3/);
  const never = waiting[2]?.promptId as string;
  expect(await daemon.cli(["sessions", "prompts", "queue", "--cancel", never])).toMatchObject({ exitCode: 0 });
  await expect(daemon.client.sessions.cancelPrompt({ id: "queue", promptId: waiting[0]?.promptId as string })).rejects.toMatchObject({
    code: "conflict",
  });
  expect((await daemon.cli(["sessions", "show", "queue"])).stdout).toMatch(
    /agent +working for .*, by hook[^]*prompt +submitted prm_.* until/,
  );
  await writeFile(file("go-queue"), "queue");
  const answer = await first;
  expect(answer).toMatchObject({ exitCode: 0, stderr: "" });
  expect(answer.stdout).toContain("● saw it in queue\n");
  expect(answer.stdout).not.toMatch(/for shortcuts|Pondering|╭/);
  expect(JSON.parse((await last).stdout)).toMatchObject({
    state: "done",
    agentState: "idle",
    output: expect.stringContaining("● third\nline") as string,
  });
  const screen = await daemon.client.sessions.screen({ id: "queue" });
  expect(screen.indexOf("● second")).toBeLessThan(screen.indexOf("● third"));
  expect(screen).not.toContain("never");
  const { items } = await daemon.client.sessions.prompts({ id: "queue" });
  expect(items.map(({ state }) => state)).toEqual(["done", "done", "cancelled", "done"]);
});

test("what waits survives a restart and a crash of the daemon, and hooks that were missed are heard", { timeout: 60_000 }, async () => {
  const { sessionId } = await daemon.client.sessions.open({ profile: "hooks", name: "tough", cwd: daemon.folder });
  await becomes("tough", "idle");
  const submitted = await daemon.client.sessions.submitPrompt({ id: "tough", text: `until ${file("go-tough")}` });
  await until(
    "it is submitted",
    () => daemon.client.sessions.prompt({ id: "tough", promptId: submitted.promptId }),
    ({ state }) => state === "submitted",
    patient,
  );
  const queued = await daemon.client.sessions.submitPrompt({ id: "tough", text: "say after all" });
  expect(queued).toMatchObject({ state: "queued", output: null, timedOut: false });
  await daemon.kill9();
  await writeFile(file("go-tough"), "the dark");
  await until("the hook finds nobody", async () => (await callsInSpool(sessionId)).length > 0, Boolean, patient);
  await daemon.restart();
  const result = await daemon.client.sessions.prompt({ id: "tough", promptId: submitted.promptId, wait: true, timeoutMs: 20_000 });
  expect(result).toMatchObject({ state: "done", output: expect.stringContaining("saw it in the dark") as string });
  const after = await daemon.client.sessions.prompt({ id: "tough", promptId: queued.promptId, wait: true, timeoutMs: 20_000 });
  expect(after).toMatchObject({ state: "done", output: expect.stringContaining("● after all") as string });
});

test("a daemon that does not answer holds an agent up for a moment only, and hears what it missed when it is back", async () => {
  const id = await openAgent("hooks", "patient");
  await until("its start is heard", async () => (await statusOf(id)).source === "hook", Boolean, patient);
  await daemon.client.sessions.send({ id, text: `until ${file("go-patient")}` });
  await until(
    "it says itself that it works",
    () => statusOf(id),
    ({ state, source }) => state === "working" && source === "hook",
    patient,
  );
  const { pid } = daemon;
  process.kill(pid, "SIGSTOP");
  try {
    const beganMs = performance.now();
    await writeFile(file("go-patient"), "vain");
    // The turn ends, in spite of a hook that the agent waits for.
    const calls = await until(
      "its end waits to be heard",
      () => callsInSpool(id),
      (found) => found.length === 1,
      patient,
    );
    expect(calls.map(({ event }) => event)).toEqual(["Stop"]);
    // The limit of a hook is one second; the rest is a busy machine's.
    expect(performance.now() - beganMs).toBeLessThan(15_000);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  expect(await becomes(id, "idle")).toMatchObject({ source: "hook", detail: "Stop" });
  await until("the spool is empty", async () => (await callsInSpool(id)).length === 0, Boolean, patient);
  // It came twice: by itself, when its hook was gone already, and from the spool.
  expect(await daemon.log()).not.toContain("a hook's call was refused");
});

test("time that is up, a turn that is stopped, and a question: each is told", { timeout: 60_000 }, async () => {
  const id = await openAgent("hooks", "bad");
  const late = await daemon.cli(["sessions", "send", "--wait", "--timeout", "3s", "bad", `until ${file("go-bad")}`]);
  expect(late).toMatchObject({ exitCode: 124, stderr: expect.stringContaining("bad is still working") as string });
  await until(
    "the agent says that it works",
    () => daemon.client.sessions.get({ id }),
    ({ agent, prompts }) => agent?.source === "hook" && prompts[0]?.state === "submitted",
    patient,
  );
  await daemon.client.sessions.interrupt({ id });
  await becomes(id, "idle");
  const { items } = await daemon.client.sessions.prompts({ id });
  expect(items).toMatchObject([{ state: "cancelled", error: "It was interrupted" }]);
  // A question is answered at once, not queued behind itself.
  const asking = daemon.spawnCli(["sessions", "send", "--wait", "bad", "permission"], { timeoutMs: 30_000 });
  const asked = collect(asking);
  let complaint = "";
  asking.stderr?.on("data", (data: Buffer) => (complaint += data.toString()));
  await until(
    "the question is told",
    () => complaint,
    (told) => told.includes("bad asks for permission: gantry attach bad"),
    patient,
  );
  await daemon.cli(["sessions", "send", "--no-enter", "bad", "2"]);
  expect((await asked).stdout).toContain("It was refused");
});

test("a program that does not read, and one that ends: each is told", async () => {
  await openAgent("hooks", "bad2");
  expect(await daemon.cli(["sessions", "send", "--wait", "bad2", "deaf"])).toMatchObject({ exitCode: 0 });
  const deaf = await daemon.cli(["sessions", "send", "--wait", "bad2", "anybody?"]);
  expect(deaf).toMatchObject({ exitCode: 69, stderr: expect.stringContaining("Enter was not pressed") as string });
  const dead = await openAgent("hooks", "dead");
  const died = await daemon.cli(["sessions", "send", "--wait", "dead", "die"]);
  expect(died).toMatchObject({ exitCode: 69, stderr: expect.stringContaining("The program ended (exit code 3)") as string });
  expect(died.stdout).toContain("fatal: told to die");
  await expect(daemon.client.sessions.submitPrompt({ id: dead, text: "x" })).rejects.toMatchObject({ code: "conflict" });
  expect(await readdir(join(daemon.paths.runDirectory, "agents"))).not.toContain(dead);
});

test("a program that dies at once is an error with its last output and exit code, and holds no slot", async () => {
  const before = (await daemon.client.sessions.list({ live: true })).items.length;
  await expect(daemon.client.sessions.open({ profile: "dying", settleMs: 10_000 })).rejects.toMatchObject({
    code: "cannotExecute",
    details: { exitCode: 7, output: "Unable to connect to the service\nCheck your internet connection." },
  });
  expect((await daemon.client.sessions.list({ live: true })).items).toHaveLength(before);
});

test("a hook's call counts only with the session's secret and from the session's own program", async () => {
  const id = await openAgent("hooks", "guarded");
  const folder = join(daemon.paths.runDirectory, "agents", id);
  expect([(await stat(folder)).mode & 0o777, (await stat(join(folder, "hook.json"))).mode & 0o777]).toEqual([0o700, 0o600]);
  const { secret } = JSON.parse(await readFile(join(folder, "hook.json"), "utf8")) as { secret: string };
  const { pid, argv } = await daemon.client.sessions.get({ id });
  expect(argv.join(" ")).not.toContain(secret);
  expect(await readFile(`/proc/${pid}/environ`, "utf8")).not.toContain(secret);
  const report = (given: object) =>
    daemon.client.sessions.reportAgent({ id, secret, pid: pid as number, event: "UserPromptSubmit", ...given });
  expect(await report({ secret: "x".repeat(secret.length) })).toEqual({ accepted: false });
  expect(await report({ pid: process.pid })).toEqual({ accepted: false });
  expect(await report({ event: "NoSuchHook" })).toEqual({ accepted: false });
  expect((await statusOf(id)).state).toBe("idle");
  const viewer = createClient({ url: daemon.url, key: (await daemon.client.access.createKey({ name: "v", role: "viewer" })).key });
  await expect(viewer.sessions.reportAgent({ id, secret, pid: 1, event: "Stop" })).rejects.toMatchObject({ code: "permissionDenied" });
  expect(await report({})).toEqual({ accepted: true });
  expect(await statusOf(id)).toMatchObject({ state: "working", source: "hook", detail: "UserPromptSubmit" });
});

test("between pipes an agent tells by its own lines what it does, over a restart too; one whose lines are not known says so", async () => {
  const say = (content: string): string => JSON.stringify({ type: "user", message: { role: "user", content } });
  const { sessionId: id } = await daemon.client.sessions.open({ profile: "hooks", mode: "pipe", name: "piped", cwd: daemon.folder });
  expect(await statusOf(id)).toMatchObject({ kind: "agent", state: "starting" });
  await daemon.client.sessions.send({ id, text: say(`until ${file("go-piped")}`) });
  await until("it says that it works", async () => (await statusOf(id)).source === "stream", Boolean, patient);
  expect(await statusOf(id)).toMatchObject({ state: "working", detail: "system.init" });
  await expect(daemon.client.sessions.submitPrompt({ id, text: "x" })).rejects.toMatchObject({
    code: "conflict",
    message: expect.stringContaining("is between pipes") as string,
  });
  await daemon.kill9();
  await writeFile(file("go-piped"), "");
  await daemon.restart();
  expect(await becomes(id, "idle")).toMatchObject({ source: "stream", detail: "result" });
  expect((await daemon.cli(["sessions", "list"])).stdout).toMatch(/piped +\S+ +idle +pipe/);
  await daemon.client.sessions.kill({ id });
  expect(await statusOf(id)).toMatchObject({ state: "exited", source: "exit" });
  const other = await daemon.client.sessions.open({ profile: "unread", mode: "pipe", cwd: daemon.folder });
  expect(other.agent).toMatchObject({ kind: "agent", state: "unknown" });
});

test("a shell is idle while it has its terminal, and --wait prints what a command printed", async () => {
  await daemon.client.sessions.open({ argv: ["bash", "--norc", "--noprofile"], name: "sh", cwd: daemon.folder, env: { PS1: "$ " } });
  await becomes("sh", "idle");
  const sum = await daemon.cli(["sessions", "send", "--wait", "sh", "sleep 0.3; echo sum-$((20+3))"]);
  expect(sum).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("sum-23\n") as string });
  await daemon.client.sessions.open({ argv: ["cat"], name: "cat", cwd: daemon.folder });
  expect(await daemon.cli(["sessions", "send", "--wait", "cat", "x"])).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("Gantry cannot read what cat is doing") as string,
  });
});
