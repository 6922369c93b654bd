/** Servers of other kinds under Gantry's management: every form of health answer and pid file, and strangers that are left alone. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { afterEach, beforeEach, expect, test } from "vitest";

import { runCli } from "../support/cli.ts";

let root: string;
let home: { cwd: string; env: Record<string, string> };
const started = new Set<ChildProcess>();

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "gantry-adopted-")));
  home = { cwd: root, env: { GANTRY_HOME: join(root, "h") } };
});
afterEach(async () => {
  for (const child of started) child.kill("SIGKILL");
  started.clear();
  await rm(root, { recursive: true });
});

/** A server in a process of its own; `answer` is the JavaScript expression of its health answer. */
async function startServer(answer: string): Promise<{ child: ChildProcess; port: number; pid: number }> {
  const code = `
    const server = require("node:http").createServer((request, response) => {
      if (request.url === "/quit" && request.method === "POST") { response.end("bye", () => process.exit(0)); return; }
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(${answer}));
    });
    server.listen(0, "127.0.0.1", () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit"] });
  started.add(child);
  child.once("exit", () => started.delete(child));
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return { child, port: Number(line), pid: child.pid as number };
}

const gantry = (...args: string[]) => runCli(args, { ...home, timeoutMs: 60_000 });
const seen = async (name: string) => JSON.parse((await gantry("status", "--instance", name, "--json")).stdout) as Record<string, unknown>;

test("a server whose health answer has its pid is shown, listed, and stopped by signal", async () => {
  const { child, port, pid } = await startServer("{ status: 'healthy', pid: process.pid }");
  expect(await gantry("adopt", "--name", "old", "--port", String(port))).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(`Process ${pid}`),
  });
  expect(await seen("old")).toMatchObject({
    running: true,
    adopted: true,
    pid,
    pidSource: "health",
    verified: true,
    health: { status: 200 },
  });
  expect((await gantry("list")).stdout).toMatch(new RegExp(`◆ old +running +http, adopted +${pid} +http://127\\.0\\.0\\.1:${port}`));
  expect(await gantry("health", "--instance", "old")).toMatchObject({ exitCode: 0 });
  expect(await gantry("start", "--instance", "old")).toMatchObject({ exitCode: 64, stderr: expect.stringContaining("adopted server") });
  const exited = once(child, "exit");
  expect(await gantry("stop", "--instance", "old")).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("SIGTERM") });
  expect(await exited).toEqual([null, "SIGTERM"]);
  expect(await gantry("status", "--instance", "old")).toMatchObject({ exitCode: 3, stdout: expect.stringContaining("does not run") });
  expect(await gantry("stop", "--instance", "old")).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("not running") });
  expect(await gantry("adopt", "--name", "old", "--release")).toMatchObject({ exitCode: 0 });
  expect((await gantry("list")).stdout).toBe("");
});

test.each([
  ["a plain number", (pid: number) => `${pid}\n`],
  ["JSON", (pid: number) => JSON.stringify({ pid, started: "2026-01-01T00:00:00Z" })],
])("a server without a pid in its health is known by its pid file: %s", async (_form, text) => {
  const { child, port, pid } = await startServer("{ status: 'healthy' }");
  const pidFile = join(root, "server.pid");
  await writeFile(pidFile, text(pid));
  await gantry("adopt", "--name", "old", "--port", String(port), "--pid-file", pidFile);
  expect(await seen("old")).toMatchObject({ pid, pidSource: "pidFile", verified: true });
  const exited = once(child, "exit");
  expect(await gantry("stop", "--instance", "old")).toMatchObject({ exitCode: 0 });
  expect(await exited).toEqual([null, "SIGTERM"]);
});

test("a pid file that names a stranger gets nobody signalled, whether the server runs or not", async () => {
  const stranger = spawn("sleep", ["60"]);
  started.add(stranger);
  const { child, port } = await startServer("{ status: 'healthy' }");
  const pidFile = join(root, "server.pid");
  await writeFile(pidFile, String(stranger.pid));
  await gantry("adopt", "--name", "old", "--port", String(port), "--pid-file", pidFile);
  expect(await gantry("stop", "--instance", "old")).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("does not listen on port"),
  });
  expect(child.exitCode ?? child.signalCode).toBeNull();
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  expect(await seen("old")).toMatchObject({ running: false, doubt: expect.stringContaining("given to another process") });
  expect(await gantry("stop", "--instance", "old")).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("not running") });
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
});

test("its own stop address is asked first", async () => {
  const { child, port } = await startServer("{ status: 'healthy' }");
  await gantry("adopt", "--name", "old", "--port", String(port), "--stop-url", `http://127.0.0.1:${port}/quit`);
  const exited = once(child, "exit");
  expect(await gantry("stop", "--instance", "old")).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("api") });
  expect(await exited).toEqual([0, null]);
});

test("who holds a port is stopped by it only when it is ours, adopted, or forced", async () => {
  const { child, port, pid } = await startServer("{}");
  expect(await gantry("stop", "--port", String(port))).toMatchObject({ exitCode: 64, stderr: expect.stringContaining(`process ${pid}`) });
  expect(child.exitCode ?? child.signalCode).toBeNull();
  const exited = once(child, "exit");
  expect(await gantry("stop", "--port", String(port), "--force")).toMatchObject({ exitCode: 0 });
  await exited;
  expect(await gantry("start", "--port", "0")).toMatchObject({ exitCode: 0 });
  const own = JSON.parse((await gantry("status", "--json")).stdout) as { url: string };
  expect(await gantry("stop", "--port", new URL(own.url).port)).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("Instance default has stopped"),
  });
});

test("what cannot be adopted is refused and changes nothing", async () => {
  expect(await gantry("adopt", "--name", "Bad Name", "--port", "80")).toMatchObject({ exitCode: 64 });
  expect(await gantry("adopt", "--name", "old", "--port", "0")).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("1 to 65535"),
  });
  expect(await gantry("adopt", "--name", "old", "--port", "80", "--health", "ftp://x")).toMatchObject({ exitCode: 64 });
  expect(await gantry("adopt", "--name", "old", "--release")).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("gantry list"),
  });
  await mkdir(join(root, "h/state/default"), { recursive: true });
  await writeFile(join(root, "h/state/default/gantry.db"), "");
  expect(await gantry("adopt", "--name", "default", "--port", "80")).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("an instance of Gantry itself"),
  });
});
