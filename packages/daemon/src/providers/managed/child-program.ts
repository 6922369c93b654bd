/** A program that runs under the supervisor: in a session of its own, without a shell, and with nothing of it left when it has ended. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { GantryError } from "@gantry/contract";

import { newId } from "../../core/ids.ts";
import { endTree, markOf, startTimeOf } from "../../host/process-tree.ts";
import type { InstanceContext } from "./kind.ts";
import type { ProgramRecords } from "./program-records.ts";

export interface ChildProgram {
  readonly pid: number;
  readonly stdin: ChildProcessWithoutNullStreams["stdin"];
  readonly stdout: ChildProcessWithoutNullStreams["stdout"];
  /** Settles when the program itself has exited, with words for it. */
  readonly exited: Promise<string>;
  /** Closes its input, then TERM, then KILL, for it and everything it started; settles when nothing is left. */
  end(): Promise<void>;
}

/** A program that ends when its input ends does so at once; the others are asked by a signal. */
const inputGraceMs = 1_000;
const termGraceMs = 3_000;

/** What a program needs to find its files and speak the user's language; everything else must be named in `env` or `envFrom`. */
const handedOn = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM"];
const handedOnPattern = /^(?:LC_|XDG_)/;

function childEnvironment(
  daemonEnv: Readonly<Record<string, string | undefined>>,
  { env, envFrom }: { env: Record<string, string>; envFrom: string[] },
): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(daemonEnv)) {
    if (value !== undefined && (handedOn.includes(name) || handedOnPattern.test(name))) result[name] = value;
  }
  for (const name of envFrom) {
    const value = daemonEnv[name];
    if (value === undefined) {
      throw new Error(`envFrom names ${name}, but the daemon's environment has no such variable: set it and restart the daemon`);
    }
    result[name] = value;
  }
  return { ...result, ...env };
}

/** Rejects when it cannot be executed. */
export async function startProgram(
  { provider: { name, settings, baseDirectory, env }, instance, stderr, notePid, signal }: InstanceContext,
  records: ProgramRecords,
  more: Record<string, string> = {},
): Promise<ChildProgram> {
  signal.throwIfAborted();
  const { command, args, cwd } = settings;
  if (command === undefined) throw new GantryError("configurationInvalid", `[provider.${name}] needs a command.`);
  const id = newId("prv");
  const mark = markOf(id);
  const file = command.includes("/") ? resolve(baseDirectory, command) : command;
  const child = spawn(file, args, {
    cwd: cwd === undefined ? baseDirectory : resolve(baseDirectory, cwd),
    env: { ...childEnvironment(env, settings), ...more, [mark.name]: mark.value },
    stdio: "pipe",
    // A session of its own: signals for the daemon's terminal do not reach it, and its tree can be told apart.
    detached: true,
  });
  // A program that is gone closes its pipes in its own time.
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.on("error", () => undefined);
  child.stderr.on("data", (data: Buffer) => stderr.write(data));
  const exited = (once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>).then(
    ([code, killedBy]: [number | null, NodeJS.Signals | null]) =>
      killedBy === null ? `it exited with code ${code}` : `it was ended by ${killedBy}`,
    (error: Error) => `it cannot be started: ${error.message}`,
  );
  if (child.pid === undefined) throw new Error(await exited);
  const { pid } = child;
  const leader = { pid, startTime: startTimeOf(pid) ?? "0" };
  notePid(pid);
  await records.add({ id, provider: name, instance, ...leader });

  const endAll = async () => {
    child.stdin.end();
    const grace = new AbortController();
    await Promise.race([exited, delay(inputGraceMs, undefined, { signal: grace.signal }).catch(() => undefined)]);
    grace.abort();
    const left = await endTree(id, leader, { hangUp: false, graceMs: termGraceMs });
    child.stdout.destroy();
    child.stderr.destroy();
    // What could not be killed stays on record, so that the next daemon tries again.
    if (left.length === 0) await records.remove(id);
  };
  let ending: Promise<void> | undefined;
  return { pid, stdin: child.stdin, stdout: child.stdout, exited, end: () => (ending ??= endAll()) };
}
