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
import { lastLines } from "./log-lines.ts";

export interface Launched {
  outcome: "started" | "alreadyRunning";
  health: Health;
}

/** For the winner of two simultaneous starts to become ready. */
const otherStarterTimeoutMs = 15_000;
const shownLogLines = 5;

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

export async function launch(instance: string, flags: string[], workingDirectory: string): Promise<Launched> {
  const running = await healthOf(instance);
  if (running !== undefined) return { outcome: "alreadyRunning", health: running };
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
  const report = await text(child.stdio[3] as Readable);
  child.unref();
  if (report === "") throw diedEarly(instance, logFile);
  const outcome = JSON.parse(report) as { record: InstanceRecord } | { error: Problem };
  if ("record" in outcome) return { outcome: "started", health: await requireHealth(instance, logFile) };
  if (outcome.error.details?.alreadyRunning === true) return { outcome: "alreadyRunning", health: await waitForOther(instance) };
  throw errorFromProblem(outcome.error);
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
  const deadlineMs = performance.now() + otherStarterTimeoutMs;
  while (performance.now() < deadlineMs) {
    const health = await healthOf(instance);
    if (health !== undefined) return health;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new GantryError(
    "unavailable",
    `Another process holds the lock of instance ${instance} but does not answer. See its log: gantry logs --instance ${instance}`,
  );
}
