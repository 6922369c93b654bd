/** Servers of another kind under Gantry's management: their records, and what they turn out to be when looked at. */
import { existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { AdoptedServer, GantryError, type ServerSighting } from "@gantry/contract";

import { readProcessIdentity } from "../core/process-identity.ts";
import { commandLine, descendsFrom } from "../core/processes.ts";
import { readPidFile } from "./pid-file.ts";
import { findPortHolder } from "./port-holder.ts";

/** Undefined when no server was adopted under the name that the file belongs to. */
export function readAdopted(file: string): AdoptedServer | undefined {
  if (!existsSync(file)) return undefined;
  const parsed = AdoptedServer.safeParse(readJson(file));
  if (parsed.success) return parsed.data;
  throw new GantryError("conflict", `${file} is not a record of an adopted server. Delete it and adopt the server again.`);
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

export function writeAdopted(file: string, server: AdoptedServer): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${JSON.stringify(server, null, 2)}\n`, { mode: 0o600 });
}

/** The server itself is not touched. */
export function removeAdopted(file: string): void {
  rmSync(file, { force: true });
  // Only an adopted server had this folder; with anything else in it, it stays.
  try {
    rmdirSync(dirname(file));
  } catch {
    // Not empty.
  }
}

export async function lookAt({ healthUrl, port, pidFile }: Pick<AdoptedServer, "healthUrl" | "port" | "pidFile">): Promise<ServerSighting> {
  const health = await askHealth(healthUrl);
  const holder = findPortHolder(port);
  const claimed = claimedPid(health, pidFile);
  const seen = health === undefined ? {} : { health };
  if (holder === undefined && health === undefined) {
    const doubt = claimed === undefined ? undefined : doubtOf(claimed.pid, undefined, port);
    return { state: "stopped", verified: false, ...seen, ...(claimed === undefined || doubt === undefined ? {} : { ...claimed, doubt }) };
  }
  const state = health === undefined ? "unresponsive" : "running";
  if (claimed === undefined) {
    if (holder === undefined)
      return { state, verified: false, ...seen, doubt: "it belongs to another user, so its process cannot be seen" };
    return { state, pid: holder.pid, pidSource: "port", command: holder.command, verified: true, ...seen };
  }
  const command = commandLine(claimed.pid);
  // The holder may be a worker that the server's main process has started.
  if (holder !== undefined && descendsFrom(holder.pid, claimed.pid)) return { state, ...claimed, command, verified: true, ...seen };
  const doubt = doubtOf(claimed.pid, holder?.pid, port);
  return { state, ...claimed, ...(command === "" ? {} : { command }), verified: false, doubt, ...seen };
}

function claimedPid(
  health: ServerSighting["health"],
  pidFile: string | undefined,
): (Pick<ServerSighting, "pid" | "pidSource"> & { pid: number }) | undefined {
  const told = health?.body?.pid;
  if (typeof told === "number" && Number.isInteger(told) && told > 1) return { pid: told, pidSource: "health" };
  const read = pidFile === undefined ? undefined : readPidFile(pidFile);
  return read === undefined ? undefined : { pid: read.pid, pidSource: "pidFile" };
}

/** Only who holds the port is the server: a pid alone may have been given to another process since. */
function doubtOf(pid: number, holder: number | undefined, port: number): string | undefined {
  if (readProcessIdentity(pid) === undefined)
    return holder === undefined ? undefined : `process ${pid} is gone; process ${holder} holds port ${port} now`;
  return holder === undefined
    ? `process ${pid} lives but does not listen on port ${port}: its number may have been given to another process`
    : `process ${pid} does not listen on port ${port}; process ${holder} does`;
}

const answerTimeoutMs = 2000;
const maxBodyBytes = 64 * 1024;

async function askHealth(url: string): Promise<ServerSighting["health"]> {
  try {
    const response = await fetch(url, {
      redirect: "manual",
      signal: AbortSignal.timeout(answerTimeoutMs),
      headers: { accept: "application/json" },
    });
    const text = (await response.text()).slice(0, maxBodyBytes);
    const body = parseObject(text);
    return { status: response.status, ...(body === undefined ? {} : { body }) };
  } catch {
    return undefined;
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
