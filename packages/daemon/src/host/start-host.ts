/** Starts a process host detached from the daemon and from the login that started the daemon. */
import { spawn } from "node:child_process";
import { chmodSync, closeSync, existsSync, lstatSync, mkdirSync, openSync, readdirSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { GantryError } from "@gantry/contract/errors";

import { entryFile } from "../core/entry-points.ts";
import { scopeWords } from "./own-scope.ts";

export interface HostPlace {
  /** The instance's folder for host sockets and journals; made 0700. */
  directory: string;
  /** The host's own log. */
  logFile: string;
  version: string;
  /** Several hosts of one instance are told apart by it. */
  number: number;
  log: { warn(facts: object, message: string): void };
}

export interface HostFiles {
  socketPath: string;
  journalPath: string;
}

export function hostFiles({ directory, number }: Pick<HostPlace, "directory" | "number">): HostFiles {
  return { socketPath: `${directory}/host-${number}.sock`, journalPath: `${directory}/host-${number}.journal` };
}

/** The numbers of the hosts that are there, or were there and left a journal. */
export function hostNumbers(directory: string): number[] {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const numbers = names.map((name) => Number(/^host-(\d+)\.(?:sock|journal)$/.exec(name)?.[1]));
  return [...new Set(numbers.filter((number) => number > 0))].sort((one, other) => one - other);
}

/** Connects to a host that is there, or gives undefined when none listens. */
export function connectToHost(socketPath: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    if (!existsSync(socketPath)) return resolve(undefined);
    const socket = connect(socketPath);
    socket.once("connect", () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") resolve(undefined);
      else
        reject(
          new GantryError("unavailable", `The process host's socket ${socketPath} cannot be reached (${error.code ?? error.message}).`, {
            cause: error,
          }),
        );
    });
  });
}

const startDeadlineMs = 10_000;
const pollMs = 5;

export async function startHost(place: HostPlace): Promise<Socket> {
  const { socketPath, journalPath } = hostFiles(place);
  mkdirSync(place.directory, { recursive: true, mode: 0o700 });
  mkdirSync(dirname(place.logFile), { recursive: true, mode: 0o700 });
  const facts = lstatSync(place.directory);
  if (!facts.isDirectory() || facts.uid !== process.getuid?.()) {
    throw new GantryError("unavailable", `${place.directory} is not a folder of this user; no process host can be started there.`);
  }
  chmodSync(place.directory, 0o700);
  const own = [process.execPath, entryFile("process-host"), socketPath, journalPath, place.version];
  const scope = scopeWords();
  if (scope !== undefined) {
    const inScope = await startAs([...scope, ...own], place, true);
    if (typeof inScope !== "string") return inScope;
    place.log.warn({ reason: inScope }, "systemd gave the process host no scope of its own; it is started beside the daemon");
  }
  const beside = await startAs(own, place, false);
  if (typeof beside !== "string") return beside;
  throw new GantryError("unavailable", `The process host did not start (${beside}); see ${place.logFile}.`);
}

/** A connection to it, or why there is none. `endLate`: one that is only slow must not come up beside the next one. */
async function startAs([file, ...args]: readonly string[], place: HostPlace, endLate: boolean): Promise<Socket | string> {
  const { socketPath } = hostFiles(place);
  const logFd = openSync(place.logFile, "a", 0o600);
  // A host must not carry the mark of a session that the daemon was perhaps started from: ending that session would end the host.
  const { GANTRY_SESSION_ID: _session, GANTRY_EXECUTION_ID: _execution, NODE_OPTIONS: _options, ...env } = process.env;
  const child = spawn(file as string, args, { cwd: "/", env, detached: true, stdio: ["ignore", logFd, logFd] });
  closeSync(logFd);
  const failures: string[] = [];
  child.once("error", (error) => failures.push(error.message));
  child.once("exit", (code, signal) => failures.push(`it ended with ${signal ?? code}`));
  child.unref();
  for (const deadline = performance.now() + startDeadlineMs; performance.now() < deadline && failures.length === 0;) {
    const socket = await connectToHost(socketPath);
    if (socket !== undefined) {
      child.removeAllListeners();
      return socket;
    }
    await delay(pollMs);
  }
  if (endLate && failures.length === 0) child.kill("SIGKILL");
  return failures[0] ?? "no answer";
}
