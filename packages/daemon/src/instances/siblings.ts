/** Finds every instance of this user on this machine by its files, and asks those that seem to run. Changes nothing. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import {
  type AdoptedServer,
  type Health,
  InstanceName,
  type InstancePaths,
  InstanceRecord,
  type InstanceSummary,
  resolvePaths,
  resolveRoots,
} from "@gantry/contract";
import type { PathInputs } from "@gantry/contract/paths";

import { readProcessIdentity } from "../core/process-identity.ts";
import { lookAt, readAdopted } from "./adopted.ts";
import { ask } from "./ask.ts";

/** One instance's files as they are now. */
export interface Sibling {
  instance: string;
  paths: InstancePaths;
  /** Undefined: there is no record. */
  record: InstanceRecord | "unreadable" | undefined;
  /** Of the record's process: alive as itself, gone, or its pid given to a stranger since. */
  process: "alive" | "gone" | "reused" | undefined;
}

/** A daemon that is busy, or a machine that is, still answers within this. */
const answerTimeoutMs = 2000;

export function findSiblings(inputs: PathInputs): Sibling[] {
  const { stateRoot, runRoot } = resolveRoots(inputs);
  const names = new Set([stateRoot, runRoot].flatMap((root) => (root === undefined ? [] : foldersIn(root))));
  return [...names]
    .filter((name) => InstanceName.safeParse(name).success)
    .sort()
    .map((instance) => readSibling(instance, resolvePaths(instance, inputs)));
}

function readSibling(instance: string, paths: InstancePaths): Sibling {
  const record = readRecord(paths.recordFile);
  if (record === undefined || record === "unreadable") return { instance, paths, record, process: undefined };
  const now = readProcessIdentity(record.pid);
  if (now === undefined) return { instance, paths, record, process: "gone" };
  const same = now.startTime === record.startTime && now.bootId === record.bootId;
  return { instance, paths, record, process: same ? "alive" : "reused" };
}

function readRecord(file: string): InstanceRecord | "unreadable" | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? undefined : "unreadable";
  }
  try {
    return InstanceRecord.parse(JSON.parse(text));
  } catch {
    return "unreadable";
  }
}

function foldersIn(root: string): string[] {
  if (!existsSync(root)) return [];
  return (
    readdirSync(root, { withFileTypes: true })
      // A link to a folder is one too: two instances that share one that way must be found.
      .filter((entry) => entry.isDirectory() || (entry.isSymbolicLink() && existsSync(join(root, entry.name))))
      .map((entry) => entry.name)
  );
}

/** Undefined when it does not answer. */
export function healthOf({ paths }: Pick<Sibling, "paths">): Promise<Health | undefined> {
  return ask<Health>(paths.controlSocket, "instances.health", {}, answerTimeoutMs).catch(() => undefined);
}

export async function summarize(sibling: Sibling): Promise<InstanceSummary> {
  const { instance, paths, record, process } = sibling;
  const server = readAdopted(paths.adoptedFile);
  if (server !== undefined) return summarizeAdopted(server, paths.stateDirectory);
  const place = { instance, stateDirectory: paths.stateDirectory, adopted: false };
  if (record === "unreadable") return { ...place, state: "broken" };
  if (record === undefined || process !== "alive") return { ...place, state: "stopped" };
  const { style, pid, url, version, startedAt, configFile } = record;
  const health = await healthOf(sibling);
  const state = health === undefined ? "unresponsive" : health.status === "draining" ? "draining" : "running";
  return { ...place, state, style, pid, url, version, startedAt, configFile };
}

async function summarizeAdopted(server: AdoptedServer, stateDirectory: string): Promise<InstanceSummary> {
  const { state, pid, pidSource } = await lookAt(server);
  return {
    instance: server.name,
    state,
    // Who writes a pid file runs by itself; whoever only answers over HTTP is managed that way.
    style: pidSource === "pidFile" ? "daemon" : "http",
    ...(state === "stopped" ? {} : { pid, url: `http://${server.host.includes(":") ? `[${server.host}]` : server.host}:${server.port}` }),
    stateDirectory,
    adopted: true,
  };
}

export async function listInstances(inputs: PathInputs): Promise<{ items: InstanceSummary[] }> {
  return { items: await Promise.all(findSiblings(inputs).map(summarize)) };
}
