/** Starts the processes of the relay benchmarks, each in its own process as in real use. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { resolvePaths } from "@gantry/contract/paths";
import { io, type Socket } from "socket.io-client";

export interface RelayDaemon {
  url: string;
  pid: number;
  key: string;
  stop(): Promise<void>;
  /** Ends it without a chance to tidy up and starts it again in the same home, on another port. */
  killAndRestart(): Promise<void>;
}

/** As it runs in a checkout. */
export const sourceDaemon = fileURLToPath(new URL("../../packages/daemon/src/main.ts", import.meta.url));
/** As it is published; made by scripts/build.ts. */
export const builtDaemon = fileURLToPath(new URL("../../packages/cli/dist/daemon.js", import.meta.url));

/** Starts a daemon on a free port, with an empty home that goes when it stops. `config` is the text of its gantry.toml. */
export async function startDaemon(extraEnv: Record<string, string> = {}, config = "", main = sourceDaemon): Promise<RelayDaemon> {
  const home = mkdtempSync(join(tmpdir(), "gantry-bench-"));
  writeFileSync(join(home, "gantry.toml"), config);
  const start = async (): Promise<{ child: ChildProcess; url: string }> => {
    const child = spawn(process.execPath, [main, "--port", "0", "--log-level", "warn", "--ready-fd", "3"], {
      cwd: home,
      env: { ...process.env, GANTRY_HOME: home, ...extraEnv },
      stdio: ["ignore", "inherit", "inherit", "pipe"],
    });
    const { record, error } = JSON.parse(await firstLine(child, 3)) as { record?: { url: string }; error?: unknown };
    if (record === undefined) throw new Error(`the daemon did not start: ${JSON.stringify(error)}`);
    return { child, url: record.url };
  };
  let running = await start();
  return {
    get url() {
      return running.url;
    },
    get pid() {
      return running.child.pid ?? 0;
    },
    key: readFileSync(resolvePaths("default", { env: { GANTRY_HOME: home }, homeDirectory: home }).bootstrapKeyFile, "utf8").trim(),
    async stop() {
      await endProcess(running.child);
      rmSync(home, { recursive: true, force: true });
    },
    async killAndRestart() {
      await endProcess(running.child, "SIGKILL");
      running = await start();
    },
  };
}

/** Starts a file of this folder and waits for its first line. */
export async function startChild(
  file: string,
  env: Record<string, string> = {},
  args: string[] = [],
  stdin: "ignore" | "pipe" = "ignore",
): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args], {
    env: { ...process.env, ...env },
    stdio: [stdin, "pipe", "inherit"],
  });
  return { child, line: await firstLine(child, 1) };
}

export async function startProvider({ url, key }: RelayDaemon, instance: string, env: Record<string, string> = {}): Promise<ChildProcess> {
  const { child } = await startChild("provider.ts", { ...env, GANTRY_URL: url, GANTRY_KEY: key }, [instance]);
  return child;
}

export function connectSocket(url: string, key?: string): Promise<Socket> {
  const socket = io(url, { transports: ["websocket"], auth: { key }, forceNew: true });
  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("connect_error", reject);
  });
}

export function endProcess(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill(signal);
  });
}

function firstLine(child: ChildProcess, fd: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdio[fd]?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    });
    child.once("exit", (code) => reject(new Error(`the process ended with ${code} before its first line`)));
  });
}
