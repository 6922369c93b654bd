/** Starts a real daemon in a home of its own for one test, and proves afterwards that nothing of it is left. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";

import { createClient, type TypedClient } from "@gantry/client";
import { connectControl } from "@gantry/client/node";
import { type InstancePaths, type InstanceRecord, type Problem, resolvePaths } from "@gantry/contract";

import { type FoundProcess, holdersOf, processesOf, stillAlive } from "./processes.ts";
import { repository } from "./repository.ts";
import { until } from "./until.ts";

export { repository } from "./repository.ts";

export interface TestDaemonOptions {
  /** Text of the gantry.toml in the folder where the daemon and the CLI run. Modules need absolute paths, or `${repository}`. */
  config?: string;
  /** A configuration file elsewhere, such as the example's; beats `config`. */
  configFile?: string;
  instance?: string;
  /** Added to the daemon's and the CLI's small environment; undefined takes a variable away. */
  env?: Record<string, string | undefined>;
  /** Where its folders are made; the folder for temporary files unless given. */
  parent?: string;
  /** More flags for the daemon. */
  flags?: string[];
  /** The daemon's entry when it is not this checkout's; see other-version.ts. */
  main?: string;
}

export interface CliResult {
  stdout: string;
  stderr: string;
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

export interface CliOptions {
  stdin?: string;
  cwd?: string;
  env?: Record<string, string | undefined>;
  /** The process is killed after this time, and `signal` says so. */
  timeoutMs?: number;
}

export interface TestDaemon extends AsyncDisposable {
  /** GANTRY_HOME. */
  home: string;
  /** The folder with gantry.toml, where daemon and CLI run. */
  folder: string;
  env: Record<string, string>;
  paths: InstancePaths;
  /** All of these change with a restart, except the key. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** The bootstrap key, role admin. */
  readonly key: string;
  /** Over HTTP with the bootstrap key. */
  readonly client: TypedClient;
  /** Runs `gantry <args>` to its end. */
  cli(args: string[], options?: CliOptions): Promise<CliResult>;
  /** Starts `gantry <args>`; ended with the daemon if it still runs then. */
  spawnCli(args: string[], options?: CliOptions): ChildProcess;
  /** Starts another program that belongs to the test, such as a provider; ended with the daemon if it still runs then. */
  spawnProgram(file: string, args: string[], options?: CliOptions): ChildProcess;
  /** Ends the daemon without a chance to tidy up. The process host lives on. */
  kill9(): Promise<void>;
  /** An orderly stop as by `gantry restart`; sessions live on. */
  stop(request?: { sessions?: boolean; keepPrograms?: boolean; drainTimeoutMs?: number }): Promise<void>;
  /** Starts again in the same home, after kill9 or stop, or stops first. `main`: from then on this checkout's daemon, or another one. */
  restart(main?: string): Promise<void>;
  log(): Promise<string>;
}

interface Running {
  child: ChildProcess;
  record: InstanceRecord;
  exited: Promise<unknown>;
}

/** This checkout's. */
export const daemonMain = join(repository, "packages/daemon/src/main.ts");
const cliFile = join(repository, "packages/cli/bin/gantry.js");

export async function startTestDaemon(options: TestDaemonOptions = {}): Promise<TestDaemon> {
  const root = await realpath(await mkdtemp(join(options.parent ?? tmpdir(), "gantry-test-")));
  const home = join(root, "h");
  const folder = await mkdtemp(join(root, "work-"));
  const instance = options.instance ?? "default";
  if (options.config !== undefined) await writeFile(join(folder, "gantry.toml"), options.config);
  const env = environment(home, { GANTRY_INSTANCE: options.instance, ...options.env });
  const paths = resolvePaths(instance, { env, homeDirectory: home });
  const programs = new Set<ChildProcess>();
  /** Everything that ever belonged to the daemon, noted while its parents still lived. */
  const known = new Map<string, FoundProcess>();
  let running: Running | undefined;
  let main = options.main ?? daemonMain;
  let key = "";
  let client: TypedClient;

  const note = () => {
    for (const found of processesOf(home)) known.set(`${found.pid} ${found.startTime}`, found);
  };
  const current = () => {
    if (running === undefined) throw new Error("the daemon does not run");
    return running;
  };

  const start = async () => {
    const flags = ["--port", "0", ...(options.configFile === undefined ? [] : ["--config", options.configFile]), ...(options.flags ?? [])];
    const child = spawn(process.execPath, [main, ...flags, "--ready-fd", "3"], {
      cwd: folder,
      env,
      // Its log is a file; a pipe that nobody reads could stop it, and the terminal should show only test results.
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    });
    const exited = once(child, "exit");
    const complaints = text(child.stderr as Readable);
    const outcome = await text(child.stdio[3] as Readable);
    const { record, error } = (outcome === "" ? {} : JSON.parse(outcome)) as { record?: InstanceRecord; error?: Problem };
    if (record === undefined) {
      await exited;
      throw new Error(`the daemon did not start: ${error?.detail ?? (await complaints)}`);
    }
    running = { child, record, exited };
    key = (await readFile(paths.bootstrapKeyFile, "utf8")).trim();
    client = createClient({ url: record.url, key });
  };

  const stop: TestDaemon["stop"] = async (request = {}) => {
    const { child, exited } = current();
    note();
    const connection = await connectControl(paths.controlSocket);
    await connection.call("instances.stop", { drainTimeoutMs: 2000, ...request });
    connection.close();
    await withDeadline(exited, 15_000, async () => {
      child.kill("SIGKILL");
      return `the daemon did not stop; its log ends:\n${(await log()).split("\n").slice(-15).join("\n")}`;
    });
    running = undefined;
  };
  const kill9 = async () => {
    const { child, exited } = current();
    note();
    child.kill("SIGKILL");
    await exited;
    running = undefined;
  };
  const log = () => readFile(paths.logFile, "utf8").catch(() => "");

  const spawnProgram: TestDaemon["spawnProgram"] = (file, args, { cwd = folder, env: more = {}, stdin, timeoutMs } = {}) => {
    const child = spawn(file, args, { cwd, env: environment(home, { ...env, ...more }), stdio: "pipe", timeout: timeoutMs });
    programs.add(child);
    child.once("exit", () => programs.delete(child));
    child.stdin.on("error", () => undefined);
    if (stdin !== undefined) child.stdin.end(stdin);
    return child;
  };
  const spawnCli: TestDaemon["spawnCli"] = (args, more) => spawnProgram(process.execPath, [cliFile, ...args], more);

  const dispose = async () => {
    const complaints: string[] = [];
    for (const program of programs) program.kill("SIGKILL");
    const orderly = running !== undefined;
    if (orderly) await stop({ sessions: true }).catch((error: unknown) => complaints.push((error as Error).message));
    note();
    const left = orderly ? await stillAliveAfter([...known.values()], 2000) : stillAlive(known.values());
    // After kill9 without a restart the process host and its children are meant to be there; after an orderly stop they are a defect.
    if (orderly) complaints.push(...left.map(({ pid, command }) => `process ${pid} was left: ${command}`));
    for (const { pid } of left) kill(pid);
    await stillAliveAfter(left, 5000);
    complaints.push(...holdersOf(root).map(({ pid, file }) => `process ${pid} still has ${file} open`));
    await rm(root, { recursive: true, force: true, maxRetries: 3 });
    if (complaints.length > 0) throw new Error(`The daemon in ${home} was not left tidy:\n${complaints.join("\n")}`);
  };

  try {
    await start();
  } catch (error) {
    await rm(root, { recursive: true, force: true });
    throw error;
  }

  return {
    home,
    folder,
    env,
    paths,
    get url() {
      return current().record.url;
    },
    get port() {
      return current().record.port;
    },
    get pid() {
      return current().record.pid;
    },
    get key() {
      return key;
    },
    get client() {
      return client;
    },
    async cli(args, more = {}) {
      const child = spawnCli(args, { timeoutMs: 30_000, ...more, stdin: more.stdin ?? "" });
      return collect(child);
    },
    spawnCli,
    spawnProgram,
    kill9,
    stop,
    async restart(next = main) {
      main = next;
      if (running !== undefined) await stop({ keepPrograms: true });
      await start();
    },
    log,
    [Symbol.asyncDispose]: dispose,
  };
}

/** What a program printed and how it ended. */
export async function collect(child: ChildProcess): Promise<CliResult> {
  const exited = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const [stdout, stderr] = await Promise.all([text(child.stdout as Readable), text(child.stderr as Readable)]);
  const [exitCode, signal] = await exited;
  return { stdout, stderr, exitCode, signal };
}

/** Small and the same everywhere: nothing of the developer's own Gantry, keys, or proxies may play a part. */
export function environment(home: string, more: Record<string, string | undefined> = {}): Record<string, string> {
  const all: Record<string, string | undefined> = {
    PATH: `${dirname(process.execPath)}:${join(repository, "node_modules/.bin")}:${process.env.PATH ?? ""}`,
    HOME: home,
    GANTRY_HOME: home,
    LANG: "C.UTF-8",
    TERM: "xterm-256color",
    NO_COLOR: "1",
    TMPDIR: process.env.TMPDIR,
    ...more,
  };
  return Object.fromEntries(Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

async function stillAliveAfter(processes: FoundProcess[], timeoutMs: number): Promise<FoundProcess[]> {
  const options = { timeoutMs, intervalMs: 25 };
  await until(
    "processes to end",
    () => stillAlive(processes),
    (alive) => alive.length === 0,
    options,
  ).catch(() => undefined);
  return stillAlive(processes);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself meanwhile.
  }
}

async function withDeadline(promise: Promise<unknown>, timeoutMs: number, late: () => Promise<string>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<"late">((resolve) => (timer = setTimeout(resolve, timeoutMs, "late")));
  const first = await Promise.race([promise, deadline]);
  clearTimeout(timer);
  if (first === "late") throw new Error(await late());
}
