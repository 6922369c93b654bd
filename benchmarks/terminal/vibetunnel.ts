/**
 * VibeTunnel from npm beside Gantry, when asked for: it is installed into a cache folder of its own, because it brings 190 packages and
 * has prebuilt binaries only for some versions of Node. What a client types goes over its WebSocket, and output comes as server-sent events.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";

import { WebSocket } from "ws";

import { endProcess } from "../relay/children.ts";
import type { Terminal } from "./contenders.ts";

export interface VibeTunnel {
  readonly pid: number;
  open(argv: string[]): Promise<Terminal>;
  close(): Promise<void>;
}

const run = promisify(execFile);
const version = "1.0.0-beta.15.1";
/** The newest Node that its binaries are for, and the number that names them. */
const node = { version: "22", abi: "127" };
const platform = `${process.platform}-${process.arch}`;
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "gantry-bench", `vibetunnel-${version}`);
const deadlineMs = 60_000;

/** undefined, and a line that says why, when it is not asked for or cannot be installed. */
export async function startVibeTunnel(): Promise<VibeTunnel | undefined> {
  if (process.env.GANTRY_BENCH_VIBETUNNEL !== "1")
    return absent("GANTRY_BENCH_VIBETUNNEL=1 installs it from npm into a cache folder and compares with it");
  try {
    await install();
  } catch (error) {
    return absent(`it could not be installed: ${(error as Error).message}`);
  }
  return start();
}

function absent(reason: string): undefined {
  process.stdout.write(`not run: VibeTunnel; ${reason}\n`);
}

/** Without its script, which would download or compile; its own archive has the binary. */
async function install(): Promise<void> {
  const packageFolder = join(cache, "node_modules/vibetunnel");
  if (existsSync(join(packageFolder, "node-pty/build/Release/pty.node"))) return;
  mkdirSync(cache, { recursive: true });
  writeFileSync(join(cache, "package.json"), '{ "private": true }\n');
  const packages = [`vibetunnel@${version}`, `node-${platform}@${node.version}`];
  await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...packages], { cwd: cache });
  const archive = join(packageFolder, `prebuilds/node-pty-v1.0.0-node-v${node.abi}-${platform}.tar.gz`);
  await run("tar", ["-xzf", archive, "-C", join(packageFolder, "node-pty")]);
}

async function start(): Promise<VibeTunnel> {
  const home = mkdtempSync(join(tmpdir(), "gantry-bench-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const main = join(cache, "node_modules/vibetunnel/dist/vibetunnel-cli");
  const flags = ["--port", String(port), "--bind", "127.0.0.1", "--no-auth"];
  const child = spawn(join(cache, `node_modules/node-${platform}/bin/node`), [main, ...flags], {
    cwd: home,
    env: { ...process.env, HOME: home, NODE_ENV: "production" },
    stdio: "ignore",
  });
  await untilHealthy(url, child);
  return {
    pid: child.pid ?? 0,
    open: (argv) => open(url, argv),
    async close() {
      await endProcess(child);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function open(url: string, command: string[]): Promise<Terminal> {
  const body = JSON.stringify({ command, workingDir: "/", cols: 80, rows: 24, spawn_terminal: false });
  const answer = await fetch(`${url}/api/sessions`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { sessionId } = (await answer.json()) as { sessionId: string };
  const input = new WebSocket(`${url.replace("http", "ws")}/ws/input?sessionId=${sessionId}`);
  await once(input, "open");
  const listeners: ((data: Uint8Array) => void)[] = [];
  const early: Uint8Array[] = [];
  const [stream] = (await once(get(`${url}/api/sessions/${sessionId}/stream`), "response")) as [NodeJS.ReadableStream];
  const terminal: Terminal = {
    type: (text) => input.send(text),
    onOutput(listener) {
      listeners.push(listener);
      for (const data of early.splice(0)) listener(data);
    },
    snapshots: 0,
    receivedBytes: 0,
    ended: new Promise((resolve) => stream.once("close", resolve)),
    async close() {
      input.terminate();
      (stream as NodeJS.ReadableStream & { destroy(): void }).destroy();
      await fetch(`${url}/api/sessions/${sessionId}`, { method: "DELETE" });
    },
  };
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      // `data: [seconds, "o", output]`
      if (!line.startsWith("data: [")) continue;
      const [, kind, output] = JSON.parse(line.slice("data: ".length)) as [number, string, string];
      if (kind !== "o") continue;
      const data = Buffer.from(output);
      terminal.receivedBytes += data.length;
      if (listeners.length === 0) early.push(data);
      for (const listener of listeners) listener(data);
    }
  });
  stream.on("error", () => undefined);
  return terminal;
}

async function untilHealthy(url: string, child: ChildProcess): Promise<void> {
  for (const end = performance.now() + deadlineMs; performance.now() < end && child.exitCode === null; await delay(100)) {
    const answer = await fetch(`${url}/api/health`).catch(() => undefined);
    if (answer?.ok === true) return;
  }
  child.kill("SIGKILL");
  throw new Error("VibeTunnel did not start");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
