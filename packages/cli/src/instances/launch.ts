/** Starts a daemon in the background and waits until it is truly ready, or tells why it is not. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { text } from "node:stream/consumers";
import type { Readable } from "node:stream";

import { connectLocal, localPaths } from "@gantry/client/node";
import type { Health, InstanceRecord, Problem } from "@gantry/contract";
import { errorFromProblem, GantryError } from "@gantry/contract/errors";

import { daemonEntry } from "./daemon-entry.ts";
import { isAdopted } from "./is-adopted.ts";
import { lastLines } from "./log-lines.ts";

export interface Launched {
  outcome: "started" | "alreadyRunning";
  health: Health;
  /** What the user should know of this start. */
  notices: string[];
}

/** For the winner of two simultaneous starts to become ready. */
const otherStarterTimeoutMs = 15_000;
const shownLogLines = 5;
const defaultWaitMs = 60_000;

/** The instance's health if it runs, else undefined. */
async function healthOf(instance: string): Promise<Health | undefined> {
  try {
    const local = await connectLocal({ instance });
    try {
      return await local.client.instances.health({}, { timeoutMs: 5000 });
    } finally {
      local.close();
    }
  } catch (error) {
    if (error instanceof GantryError && (error.code === "unavailable" || error.code === "aborted")) return undefined;
    throw error;
  }
}

/** `waitMs`: for the daemon's word that it is ready. */
export async function launch(instance: string, flags: string[], workingDirectory: string, waitMs = defaultWaitMs): Promise<Launched> {
  if (isAdopted(instance)) {
    throw new GantryError(
      "conflict",
      `${instance} is an adopted server, and Gantry does not know how to start it. Nothing was started; choose another --instance.`,
    );
  }
  const running = await healthOf(instance);
  if (running !== undefined) return { outcome: "alreadyRunning", health: running, notices: [] };
  const { logFile } = localPaths(instance);
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  // The daemon writes its own log; what reaches these descriptors is what a crash prints.
  const log = openSync(logFile, "a", 0o600);
  // Started from inside a session, it must not carry the mark by which everything of that session is found and ended.
  const { GANTRY_SESSION_ID: _session, GANTRY_EXECUTION_ID: _execution, ...env } = process.env;
  const child = spawn(process.execPath, [daemonEntry(), "--style", "daemon", "--ready-fd", "3", ...flags], {
    cwd: workingDirectory,
    env,
    detached: true,
    stdio: ["ignore", log, log, "pipe"],
  });
  closeSync(log);
  // Ends at the report, or, when the daemon dies before it, with nothing.
  const pipe = child.stdio[3] as Readable;
  const report = await withinTime(text(pipe), waitMs, () => {
    pipe.destroy();
    child.unref();
    const lines = lastLines(logFile, shownLogLines).join("\n");
    return new GantryError(
      "unavailable",
      `Instance ${instance} (process ${child.pid}) is not ready after ${waitMs / 1000} s. It goes on starting; see: gantry status, gantry logs -f. The last lines of ${logFile}:\n${lines}`,
    );
  });
  child.unref();
  if (report === "") throw diedEarly(instance, logFile);
  const outcome = JSON.parse(report) as { record: InstanceRecord; notices: string[] } | { error: Problem };
  if ("record" in outcome) return { outcome: "started", health: await requireHealth(instance, logFile), notices: outcome.notices };
  if (outcome.error.details?.alreadyRunning === true)
    return { outcome: "alreadyRunning", health: await waitForOther(instance), notices: [] };
  throw errorFromProblem(outcome.error);
}

async function withinTime<Value>(value: Promise<Value>, timeoutMs: number, late: () => GantryError): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), timeoutMs);
  });
  try {
    return await Promise.race([value, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

async function requireHealth(instance: string, logFile: string): Promise<Health> {
  const health = await healthOf(instance);
  if (health === undefined) throw diedEarly(instance, logFile);
  return health;
}

function diedEarly(instance: string, logFile: string): GantryError {
  const lines = lastLines(logFile, shownLogLines).join("\n");
  return new GantryError("unavailable", `Instance ${instance} ended before it was ready. The last lines of ${logFile}:\n${lines}`);
}

async function waitForOther(instance: string): Promise<Health> {
  const health = await waitForHealth(instance, otherStarterTimeoutMs);
  if (health !== undefined) return health;
  throw new GantryError(
    "unavailable",
    `Another process holds the lock of instance ${instance} but does not answer. See its log: gantry logs --instance ${instance}`,
  );
}

/** For an instance that somebody else starts. */
export async function waitForHealth(instance: string, timeoutMs: number): Promise<Health | undefined> {
  const deadlineMs = performance.now() + timeoutMs;
  while (performance.now() < deadlineMs) {
    const health = await healthOf(instance);
    if (health !== undefined) return health;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return undefined;
}
