/** Starting, finding, and stopping instances, through the real CLI. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { isAlive } from "@gantry/client/node";
import type { InstanceRecord } from "@gantry/contract";
import { afterEach, beforeEach, expect, test } from "vitest";

import { runCli } from "../support/cli.ts";
import { collect, environment, repository, startTestDaemon } from "../support/daemon.ts";
import { need, pidNamespaces } from "../support/not-run.ts";
import { until } from "../support/until.ts";

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

test("whoever asks all the while during a restart gets a whole answer or none", async () => {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  await using daemon = await startTestDaemon({ flags: ["--port", String(port)] });
  const { url, key } = daemon;
  const statuses = new Set<number>();
  const enough = new AbortController();
  const askers = Array.from({ length: 4 }, async () => {
    while (!enough.signal.aborted) {
      const answer = await fetch(`${url}/status`, { headers: { authorization: `Bearer ${key}` } }).catch(() => undefined);
      if (answer === undefined) await new Promise((resolve) => setImmediate(resolve));
      else {
        statuses.add(answer.status);
        await answer.text().catch(() => undefined);
      }
    }
  });
  await daemon.restart();
  await daemon.restart();
  enough.abort();
  await Promise.all(askers);
  expect([...statuses]).toEqual([200]);
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

test("a process that was given the very pid of a dead daemon is never signalled", async (context) => {
  need(context, pidNamespaces);
  const script = `
    set -e
    "$@" start --port 0 2>/dev/null
    pid=$(sed -n 's/.*"pid": \\([0-9]*\\),.*/\\1/p' "$GANTRY_HOME/run/default/instance.json")
    kill -9 "$pid"
    while kill -0 "$pid" 2>/dev/null; do :; done
    echo $((pid - 1)) > /proc/sys/kernel/ns_last_pid
    sleep 60 & stranger=$!
    "$@" stop >&2
    "$@" diagnose || true
    kill -0 "$stranger"
    echo "$pid $stranger"
    kill "$stranger"`;
  const cli = [process.execPath, join(repository, "packages/cli/bin/gantry.js")];
  const child = spawn("unshare", ["--pid", "--fork", "--mount-proc", "--kill-child", "bash", "-c", script, "bash", ...cli], {
    cwd: root,
    env: environment(join(root, "h")),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { stdout, stderr, exitCode } = await collect(child);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("not running") });
  const [dead, stranger] = (stdout.trim().split("\n").at(-1) as string).split(" ");
  expect(stranger).toBe(dead);
  expect(stdout).toContain("belongs to another one now (sleep 60)");
});

test("stop says what it waits for, and Ctrl-C ends the waiting", async () => {
  await writeFile(join(root, "gantry.toml"), '[daemon]\nport = 0\n[command.forever]\nargv = ["sleep", "1000"]\n');
  expect(await runCli(["start"], home)).toMatchObject({ exitCode: 0 });
  const { stdout: id } = await runCli(["run", "--detach", "forever"], home);
  const record = await readRecord();
  const stopping = spawn(process.execPath, [join(repository, "packages/cli/bin/gantry.js"), "stop", "--drain-timeout", "600000"], {
    cwd: root,
    env: environment(join(root, "h")),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = collect(stopping);
  const [first] = (await once(stopping.stderr, "data")) as [Buffer];
  expect(first.toString()).toContain(`forever (${id.trim()})`);
  stopping.kill("SIGINT");
  expect(await ended).toMatchObject({ exitCode: 0 });
  expect(isAlive(record)).toBe(false);
});

test("start waits no longer than it is told to, and says how it stands", async () => {
  expect(await runCli(["start", "--port", "0", "--wait", "1ms"], home)).toMatchObject({
    exitCode: 69,
    stderr: expect.stringMatching(/process \d+\) is not ready after 0\.001 s\. It goes on starting/),
  });
  await until(
    "it to be ready all the same",
    () => runCli(["health"], home),
    ({ exitCode }) => exitCode === 0,
  );
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
  // Found before the database is opened, let alone brought up to date.
  await expect(stat(join(root, "h/state/default/gantry.db"))).rejects.toThrow("ENOENT");
  holder.close();
});

test.each([
  ["[daemon]\nprot = 1\n", "gantry.toml:2: unknown key daemon.prot. Did you mean port?"],
  ["[daemon\n", "gantry.toml:1:"],
  ["[daemon]\nport = 70000\n", "daemon.port is 70000"],
])("a wrong configuration stops the start with 78 and its place: %j", async (text, message) => {
  await writeFile(join(root, "gantry.toml"), text);
  expect(await runCli(["start"], home)).toMatchObject({ exitCode: 78, stderr: expect.stringContaining(message) });
  expect(await runCli(["config", "validate"], home)).toMatchObject({ exitCode: 78, stderr: expect.stringContaining(message) });
});

test("config init writes a file that starts and runs, and never writes over one", async () => {
  const folder = join(root, "My Project!");
  await mkdir(folder);
  const there = { ...home, cwd: folder };
  expect(await runCli(["config", "init"], there)).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("gantry.toml") });
  expect(await runCli(["config", "init"], there)).toMatchObject({ exitCode: 64, stderr: expect.stringContaining("left as it is") });
  expect(await runCli(["start"], there)).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("Instance my-project is running") });
  expect(await runCli(["run", "hello", "--name", "Ada"], there)).toMatchObject({ exitCode: 0, stdout: "Hello, Ada!\n" });
  expect(await runCli(["stop", "--sessions"], there)).toMatchObject({ exitCode: 0 });
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
  expect(await daemon.cli(["start", "--instance", "second"])).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("already running in the foreground"),
  });
  expect(await daemon.cli(["restart", "--instance", "secnd"])).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("There is no instance secnd; there are: default, second. Nothing was started"),
  });
  expect(await daemon.cli(["restart", "--instance", "second"])).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("restart it where it runs"),
  });
  second.kill("SIGTERM");
  expect(await once(second, "exit")).toEqual([0, null]);
});

test("an instance starts another one on request, once", async () => {
  await using daemon = await startTestDaemon({ env: { GANTRY_DAEMON_PORT: "0" } });
  const start = () => daemon.client.instances.start({ instance: "second" });
  const first = await start();
  expect(first).toMatchObject({ outcome: "started", instance: "second", url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
  expect(await start()).toMatchObject({ outcome: "already_running", pid: first.pid });
  const { items } = await daemon.client.instances.list();
  expect(items.map(({ instance, style, state }) => [instance, style, state])).toEqual([
    ["default", "http", "running"],
    ["second", "daemon", "running"],
  ]);
  expect(await daemon.cli(["health", "--instance", "second"])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining("database: ok"),
  });
  expect(await daemon.cli(["stop", "--instance", "second"])).toMatchObject({ exitCode: 0 });
  expect(await daemon.cli(["health", "--instance", "second"])).toMatchObject({ exitCode: 3 });
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
