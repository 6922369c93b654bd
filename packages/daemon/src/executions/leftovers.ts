/** Finds what an execution has left behind: processes that it started and that got out of its process group before it ended. */
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

import { parseStartTime } from "@gantry/contract";

import { parentOf } from "../core/processes.ts";

export interface Leftover {
  pid: number;
  /** Its program as it was called, without arguments, which may hold secrets. */
  command: string;
}

interface Found extends Leftover {
  startTime: string;
}

const endPollMs = 10;
/** What is killed may have started more in the meantime. */
const killRounds = 5;
const readAtOnce = 16;

/**
 * Processes are known by the execution's id in the environment that they were started with, so one that was given another environment is not
 * found. Without /proc (macOS) nothing is.
 */
async function findLeftovers(executionId: string): Promise<Leftover[]> {
  return (await find(executionId)).map(({ pid, command }) => ({ pid, command }));
}

/**
 * What is left of an execution that has ended. Of one that was stopped, "cancelled" promises that nothing is: it is killed, and only what could not
 * be is told. A program that ends by itself may mean to leave something running.
 */
export function settleLeftovers(executionId: string, { stopped }: { stopped: boolean }): Promise<Leftover[]> {
  return stopped ? endLeftovers(executionId) : findLeftovers(executionId);
}

async function endLeftovers(executionId: string): Promise<Leftover[]> {
  for (let round = 0; round < killRounds; round += 1) {
    const found = await find(executionId);
    if (found.length === 0) return [];
    for (const one of found) kill(one);
    await sleep(endPollMs);
  }
  return findLeftovers(executionId);
}

async function find(executionId: string): Promise<Found[]> {
  const mark = `\0GANTRY_EXECUTION_ID=${executionId}\0`;
  const found = new Map<number, Found>();
  const visit = async (pid: number, isMarked: boolean): Promise<void> => {
    if (found.has(pid) || pid === process.pid) return;
    if (!isMarked && !`\0${await readText(`/proc/${pid}/environ`)}`.includes(mark)) return;
    const startTime = parseStartTime(await readText(`/proc/${pid}/stat`));
    // A zombie runs nothing.
    if (startTime === undefined) return;
    const [command = ""] = (await readText(`/proc/${pid}/cmdline`)).split("\0");
    found.set(pid, { pid, command, startTime });
    for (const child of await childrenOf(pid)) await visit(child, true);
  };
  const candidates = await orphans();
  for (let at = 0; at < candidates.length; at += readAtOnce) {
    await Promise.all(candidates.slice(at, at + readAtOnce).map((pid) => visit(pid, false)));
  }
  return [...found.values()];
}

/** A process whose parent has ended becomes a child of process 1, or of an ancestor that collects such (systemd's user instance does). */
async function orphans(): Promise<number[]> {
  const adopters = new Set([1]);
  for (let pid = process.ppid; pid > 1; pid = parentOf(pid) ?? 0) adopters.add(pid);
  const lists = await Promise.all([...adopters].map(childrenOf));
  return [...new Set(lists.flat())];
}

async function childrenOf(pid: number): Promise<number[]> {
  // Each thread has its own children.
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(threads.map((thread) => readText(`/proc/${pid}/task/${thread}/children`)));
  return lists.flatMap((list) => list.split(" ").filter(Boolean).map(Number));
}

/** Empty when there is no such process (any more), or when it is somebody else's. */
function readText(file: string): Promise<string> {
  return readFile(file, "latin1").catch(() => "");
}

function kill({ pid, startTime }: Found): void {
  try {
    // Its number may have been given to another meanwhile.
    if (parseStartTime(readFileSync(`/proc/${pid}/stat`, "latin1")) === startTime) process.kill(pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
