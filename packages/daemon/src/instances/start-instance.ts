/** Starts another instance in the background, as `gantry start` does, for whoever asks over HTTP. */
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";

import { errorFromProblem, GantryError, type InstanceRecord, type Problem, resolvePaths } from "@gantry/contract";
import type { PathInputs } from "@gantry/contract/paths";

import { entryFile } from "../core/entry-points.ts";
import { findSiblings, healthOf } from "./siblings.ts";

export interface StartedInstance {
  outcome: "started" | "already_running";
  instance: string;
  pid: number;
  url: string;
}

const otherStarterTimeoutMs = 15_000;
const pollMs = 50;

/** It takes the user's configuration file and the home folder; a project's instance is started in its folder. */
export async function startInstance(instance: string, inputs: PathInputs): Promise<StartedInstance> {
  const running = await runningInstance(instance, inputs);
  if (running !== undefined) return running;
  const { logFile } = resolvePaths(instance, inputs);
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = openSync(logFile, "a", 0o600);
  const { GANTRY_INSTANCE: _instance, ...env } = process.env;
  const child = spawn(process.execPath, [entryFile("daemon"), "--style", "daemon", "--ready-fd", "3", "--instance", instance], {
    cwd: inputs.homeDirectory,
    env,
    detached: true,
    stdio: ["ignore", log, log, "pipe"],
  });
  closeSync(log);
  const report = await text(child.stdio[3] as Readable);
  child.unref();
  if (report === "")
    throw new GantryError("unavailable", `Instance ${instance} ended before it was ready. Why: gantry logs --instance ${instance}`);
  const outcome = JSON.parse(report) as { record: InstanceRecord } | { error: Problem };
  if ("record" in outcome) return { outcome: "started", instance, pid: outcome.record.pid, url: outcome.record.url };
  if (outcome.error.details?.alreadyRunning !== true) throw errorFromProblem(outcome.error);
  for (const deadline = performance.now() + otherStarterTimeoutMs; performance.now() < deadline;) {
    const other = await runningInstance(instance, inputs);
    if (other !== undefined) return other;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  throw new GantryError("unavailable", `Another process holds the lock of instance ${instance} but does not answer.`);
}

async function runningInstance(instance: string, inputs: PathInputs): Promise<StartedInstance | undefined> {
  const sibling = findSiblings(inputs).find((one) => one.instance === instance);
  if (sibling?.process !== "alive") return undefined;
  const { pid, url } = sibling.record as InstanceRecord;
  return (await healthOf(sibling)) === undefined ? undefined : { outcome: "already_running", instance, pid, url };
}
