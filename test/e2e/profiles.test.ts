/** Profiles: what is found, what is missing, who may open what, and what their programs are started with. */
import { mkdtemp, readFile, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createClient } from "@gantry/client";
import { expect, test } from "vitest";

import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";
import { writeFakeAgent } from "../support/write-fake-agent.ts";

async function folderOfPrograms(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), "gantry-agents-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function starts(log: string): Promise<string[][]> {
  return (await readFile(log, "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as string[]);
}

async function keyOf(daemon: TestDaemon, role: "runner" | "viewer" | "operator"): Promise<ReturnType<typeof createClient>> {
  return createClient({ url: daemon.url, key: (await daemon.client.access.createKey({ name: role, role })).key });
}

test("found, version, features, and what is missing; programs are asked once until their file changes", async () => {
  await using programs = await folderOfPrograms();
  const log = join(programs.path, "starts");
  await writeFakeAgent(programs.path, "claude", { log });
  const old = await writeFakeAgent(programs.path, "old-claude", { old: true });
  await using daemon = await startTestDaemon({
    config: `[profile.old]\nextends = "claude"\nbinary = "${old}"\n[profile.mine]\nbinary = "cat"\nargs = ["-u"]\n`,
    env: { PATH: `${programs.path}:/usr/bin:/bin`, SHELL: "/bin/sh" },
  });
  const viewer = await keyOf(daemon, "viewer");
  // Who may not open sessions has nothing started for it.
  expect((await viewer.sessions.profiles({})).items.find(({ name }) => name === "claude")).toMatchObject({ version: null, probedAt: null });
  await expect(viewer.sessions.profiles({ refresh: true })).rejects.toMatchObject({ code: "permissionDenied" });
  const { items } = await daemon.client.sessions.profiles({});
  expect(items.map(({ name }) => name)).toEqual(["claude", "codex", "gemini", "cursor", "shell", "old", "mine"]);
  const byName = new Map(items.map((item) => [item.name, item]));
  expect(byName.get("claude")).toMatchObject({
    available: true,
    path: join(programs.path, "claude"),
    version: "9.8.7",
    signedIn: false,
    features: { resume: true, headless: true, fullAccess: true, hooks: true },
    problems: [],
  });
  expect(byName.get("old")).toMatchObject({
    available: true,
    extends: "claude",
    features: { fullAccess: false, resume: true },
    problems: ["full access: this version does not know --dangerously-skip-permissions"],
  });
  expect(byName.get("codex")).toMatchObject({ available: false, path: null, signedIn: null });
  expect(byName.get("codex")?.problems[0]).toMatch(/looked for as codex on the PATH .*npm install -g @openai\/codex/);
  expect(byName.get("mine")).toMatchObject({ available: true, path: "/usr/bin/cat", extends: null, source: "configuration" });
  const asked = await starts(log);
  expect(new Set(asked.map(([word]) => word))).toEqual(new Set(["--help", "--version"]));
  expect(asked).toHaveLength(2);
  await daemon.client.sessions.profiles({});
  await daemon.restart();
  await daemon.client.sessions.profiles({});
  expect(await starts(log)).toHaveLength(2);
  await utimes(join(programs.path, "claude"), new Date(), new Date(Date.now() - 1_000_000));
  await daemon.client.sessions.profiles({});
  expect(await starts(log)).toHaveLength(4);
  const listed = await daemon.cli(["profiles"]);
  expect(listed.stdout).toMatch(/claude +yes +9\.8\.7 +no +resume,headless,fullAccess,hooks/);
  expect(listed.stderr).toContain("codex: not found");
  expect(JSON.parse((await daemon.cli(["profiles", "--json"])).stdout)).toMatchObject({ schemaVersion: 1, items: { length: 7 } });
});

test("a profile's arguments: plain, full access, resume, one's own; and who may ask for which", { timeout: 60_000 }, async () => {
  await using programs = await folderOfPrograms();
  const log = join(programs.path, "starts");
  await writeFakeAgent(programs.path, "claude", { log });
  const old = await writeFakeAgent(programs.path, "old-claude", { old: true });
  await using daemon = await startTestDaemon({
    config: `[profile.old]\nextends = "claude"\nbinary = "${old}"\n[profile.free]\nextends = "claude"\nfullAccess = true\nargs = ["--model", "x"]\n`,
    env: { PATH: `${programs.path}:/usr/bin:/bin` },
  });
  const opened = async (input: Parameters<typeof daemon.client.sessions.open>[0], client = daemon.client) => {
    const session = await client.sessions.open(input);
    await client.sessions.kill({ id: session.sessionId });
    const { argv } = session;
    const at = argv.indexOf("--settings");
    return (at === -1 ? argv : argv.toSpliced(at, 2)).slice(1);
  };
  expect(await opened({ profile: "claude" })).toEqual([]);
  expect(await opened({ profile: "claude", fullAccess: true, resume: true })).toEqual(["--continue", "--dangerously-skip-permissions"]);
  expect(await opened({ profile: "claude", resume: "abc-1", args: ["--verbose"] })).toEqual(["--resume", "abc-1", "--verbose"]);
  await expect(opened({ profile: "old", fullAccess: true })).rejects.toMatchObject({
    code: "cannotExecute",
    message: expect.stringContaining("does not know --dangerously-skip-permissions") as string,
  });
  const runner = await keyOf(daemon, "runner");
  expect(await opened({ profile: "claude" }, runner)).toEqual([]);
  expect(await opened({ profile: "free" }, runner)).toEqual(["--model", "x", "--dangerously-skip-permissions"]);
  for (const wish of [{ fullAccess: true }, { args: ["-x"] }, { resume: true }, { cwd: "/" }, { env: { A: "b" } }])
    await expect(opened({ profile: "claude", ...wish }, runner)).rejects.toMatchObject({ code: "permissionDenied" });
  await expect(opened({ profile: "claude" }, await keyOf(daemon, "viewer"))).rejects.toMatchObject({ code: "permissionDenied" });
  await expect(opened({ profile: "claude", resume: "--dangerously-skip-permissions" })).rejects.toMatchObject({ code: "invalidArgument" });
  await expect(opened({ profile: "cluade" })).rejects.toMatchObject({ code: "notFound", details: { suggestions: ["claude"] } });
  await expect(opened({ profile: "codex" })).rejects.toMatchObject({ code: "programNotFound" });
  await expect(opened({ profile: "claude", cwd: "/no/such/folder" })).rejects.toMatchObject({ code: "invalidArgument" });
  await expect(opened({ argv: ["sh"], fullAccess: true })).rejects.toMatchObject({ code: "invalidArgument" });
  expect((await daemon.client.sessions.list({ live: true })).items).toEqual([]);
  const detached = await daemon.cli(["open", "--detach", "--json", "--full-access", "--name", "cli", "claude", "hello"]);
  expect(JSON.parse(detached.stdout)).toMatchObject({
    profile: "claude",
    argv: expect.arrayContaining(["--dangerously-skip-permissions"]) as string[],
  });
  await until("it runs", async () => (await starts(log)).some((line) => line.includes("hello")));
  expect((await daemon.cli(["open", "--detach", "cluade"])).stderr).toContain("Did you mean the profile claude?");
});
