/** Starting, finding, and stopping instances, through the real CLI. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { isAlive } from "@gantry/client/node";
import type { InstanceRecord } from "@gantry/contract";
import { afterEach, beforeEach, expect, test } from "vitest";

import { runCli } from "../support/cli.ts";
import { startTestDaemon } from "../support/daemon.ts";

let root: string;
let home: { cwd: string; env: Record<string, string> };

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "gantry-instances-")));
  home = { cwd: root, env: { GANTRY_HOME: join(root, "h") } };
});
afterEach(async () => {
  await runCli(["stop", "--sessions"], home);
  await rm(root, { recursive: true });
});

const recordFile = () => join(root, "h/run/default/instance.json");
const readRecord = async () => JSON.parse(await readFile(recordFile(), "utf8")) as InstanceRecord;

test("start returns when the daemon answers, status and stop find it, and its files are the owner's alone", async () => {
  expect(await runCli(["status"], home)).toMatchObject({ exitCode: 3, stdout: expect.stringContaining("gantry start") });
  const started = await runCli(["start", "--port", "0"], home);
  expect(started).toMatchObject({ exitCode: 0, stdout: "" });
  const record = await readRecord();
  expect(started.stderr).toContain(record.url);
  expect((await fetch(`${record.url}/health`)).status).toBe(200);
  for (const file of [
    "run/default/instance.json",
    "run/default/control.sock",
    "run/default/lock.db",
    "state/default/bootstrap.key",
    "state/default/gantry.db",
    "state/default/logs/daemon.log",
  ]) {
    expect([file, (await stat(join(root, "h", file))).mode & 0o077]).toEqual([file, 0]);
  }
  const status = await runCli(["status", "--json"], home);
  expect(JSON.parse(status.stdout)).toMatchObject({ schemaVersion: 1, running: true, pid: record.pid, style: "daemon" });
  expect(await runCli(["stop"], home)).toMatchObject({ exitCode: 0 });
  expect(isAlive(record)).toBe(false);
  expect(await runCli(["stop"], home)).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("not running") });
});

test("of eight starts at once one wins and the others say so", async () => {
  const results = await Promise.all(Array.from({ length: 8 }, () => runCli(["start", "--port", "0", "--json"], home)));
  const outcomes = results.map(({ stdout }) => JSON.parse(stdout) as { outcome: string; pid: number });
  expect(outcomes.map(({ outcome }) => outcome).sort()).toEqual([...Array.from({ length: 7 }, () => "alreadyRunning"), "started"]);
  expect(new Set(outcomes.map(({ pid }) => pid)).size).toBe(1);
});

test("after kill -9 the next start takes over the stale record and socket", async () => {
  await runCli(["start", "--port", "0"], home);
  const first = await readRecord();
  process.kill(first.pid, "SIGKILL");
  expect(await runCli(["start", "--port", "0"], home)).toMatchObject({ exitCode: 0 });
  expect((await readRecord()).pid).not.toBe(first.pid);
});

test("restart gives a new process with the same flags and configuration, from whatever folder it is asked", async () => {
  await writeFile(join(root, "gantry.toml"), "[sessions]\nmax = 7\n");
  await runCli(["start", "--port", "0", "--log-level", "debug"], home);
  const before = await readRecord();
  expect(await runCli(["restart"], { ...home, cwd: tmpdir() })).toMatchObject({ exitCode: 0 });
  const after = await readRecord();
  expect(after.pid).not.toBe(before.pid);
  expect(after).toMatchObject({ configFile: join(root, "gantry.toml"), configHash: before.configHash });
});

test("a stranger that got the pid of a dead daemon is never signalled", async () => {
  await runCli(["start", "--port", "0"], home);
  const record = await readRecord();
  process.kill(record.pid, "SIGKILL");
  const stranger = spawn("sleep", ["60"]);
  await writeFile(recordFile(), JSON.stringify({ ...record, pid: stranger.pid }));
  expect(await runCli(["stop"], home)).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("not running") });
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  stranger.kill();
  await once(stranger, "exit");
});

test("a daemon that hangs is ended by a signal, and stop says so", async () => {
  await runCli(["start", "--port", "0"], home);
  const record = await readRecord();
  process.kill(record.pid, "SIGSTOP");
  const stopped = await runCli(["stop"], { ...home, timeoutMs: 60_000 });
  expect(stopped).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("SIGKILL") });
  expect(isAlive(record)).toBe(false);
}, 60_000);

test("a taken port is refused with who holds it, and nothing is left behind", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  const refused = await runCli(["start", "--port", String(port)], home);
  expect(refused).toMatchObject({ exitCode: 69, stderr: expect.stringContaining(`Port ${port} is taken by process ${process.pid}`) });
  expect(await runCli(["status"], home)).toMatchObject({ exitCode: 3 });
  holder.close();
});

test.each([
  ["[daemon]\nprot = 1\n", "gantry.toml: unknown key daemon.prot. Did you mean port?"],
  ["[daemon\n", "gantry.toml:1:"],
  ["[daemon]\nport = 70000\n", "daemon.port is 70000"],
])("a wrong configuration stops the start with 78 and its place: %j", async (text, message) => {
  await writeFile(join(root, "gantry.toml"), text);
  expect(await runCli(["start"], home)).toMatchObject({ exitCode: 78, stderr: expect.stringContaining(message) });
  expect(await runCli(["config", "validate"], home)).toMatchObject({ exitCode: 78, stderr: expect.stringContaining(message) });
});

test("config show tells where each value came from", async () => {
  await writeFile(join(root, "gantry.toml"), "[daemon]\nlogLevel = 'warn'\n");
  const { stdout } = await runCli(["config", "show", "--origin"], { ...home, env: { ...home.env, GANTRY_SESSIONS_MAX: "4" } });
  expect(stdout).toMatch(/daemon\.logLevel +"warn" +\/.*gantry\.toml/);
  expect(stdout).toMatch(/sessions\.max +4 +GANTRY_SESSIONS_MAX/);
});

test("serve runs in the foreground and ends in order on SIGTERM", async () => {
  await using daemon = await startTestDaemon();
  const second = daemon.spawnCli(["serve", "--instance", "second", "--port", "0"]);
  await once(second.stderr as NodeJS.ReadableStream, "data");
  const status = await daemon.cli(["status", "--instance", "second", "--json"]);
  expect(JSON.parse(status.stdout)).toMatchObject({ instance: "second", style: "http" });
  expect(await daemon.cli(["restart", "--instance", "second"])).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("restart it where it runs"),
  });
  second.kill("SIGTERM");
  expect(await once(second, "exit")).toEqual([0, null]);
});

test("a wrong verb, a wrong option, and a wrong instance name exit 64 with a hint", async () => {
  expect(await runCli(["statsu"], home)).toMatchObject({ exitCode: 64, stderr: expect.stringContaining("Did you mean status?") });
  expect(await runCli(["start", "--prot", "1"], home)).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("Did you mean --port?"),
  });
  expect(await runCli(["status", "--instance", "../x"], home)).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("cannot be the name"),
  });
  expect(await runCli(["status", "--help"], home)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("Examples:") });
});
