/** Ends a server that is not Gantry's: by its own stop address, then TERM, then KILL, each only while its process provably is the server. */
import { GantryError, type AdoptedServer, sameProcess } from "@gantry/contract";

import { readProcessIdentity } from "../core/process-identity.ts";
import { lookAt } from "./adopted.ts";

export interface HaltedServer {
  outcome: "stopped" | "notRunning";
  by?: "api" | "SIGTERM" | "SIGKILL";
  pid?: number;
}

const stopAnswerTimeoutMs = 5000;
const graceMs = 10_000;
const killMs = 5000;
const pollMs = 25;

/** Throws `conflict` when the process cannot be verified; nothing was signalled then. */
export async function haltServer(server: Pick<AdoptedServer, "healthUrl" | "port" | "pidFile" | "stopUrl">): Promise<HaltedServer> {
  const { state, pid, verified, doubt } = await lookAt(server);
  if (state === "stopped") return { outcome: "notRunning" };
  const asked = await askToStop(server.stopUrl);
  if (pid === undefined || !verified) {
    if (asked && (await until(async () => (await lookAt(server)).state === "stopped", graceMs))) return { outcome: "stopped", by: "api" };
    throw new GantryError("conflict", `It was not signalled: ${doubt ?? "its process is not known"}. Stop it where it was started.`);
  }
  const identity = readProcessIdentity(pid);
  const gone = async () => identity === undefined || !sameProcess(identity, readProcessIdentity(pid));
  if (asked && (await until(gone, graceMs))) return { outcome: "stopped", by: "api", pid };
  for (const [signal, timeoutMs] of [
    ["SIGTERM", graceMs],
    ["SIGKILL", killMs],
  ] as const) {
    if (!(await gone())) process.kill(pid, signal);
    if (await until(gone, timeoutMs)) return { outcome: "stopped", by: signal, pid };
  }
  throw new GantryError(
    "internal",
    `Process ${pid} did not end even by SIGKILL. It may hang in the kernel; see: ps -o stat,wchan -p ${pid}`,
  );
}

async function askToStop(stopUrl: string | undefined): Promise<boolean> {
  if (stopUrl === undefined) return false;
  try {
    return (await fetch(stopUrl, { method: "POST", redirect: "manual", signal: AbortSignal.timeout(stopAnswerTimeoutMs) })).ok;
  } catch {
    return false;
  }
}

async function until(condition: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline;) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return condition();
}
