/** Finds and ends everything a child has started, by reading /proc: its session, its descendants, and what carries its mark. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import { parseStartTime } from "@gantry/contract/process-identity";

/** A process that cannot be mistaken for a later one with the same pid. */
export interface ProcessMark {
  pid: number;
  startTime: string;
}

interface ProcessFacts extends ProcessMark {
  parentPid: number;
  sessionId: number;
  terminalGroup: number;
  /** Ended, and only not yet taken note of: in a container process 1 often never does. */
  zombie: boolean;
}

/** One execution's attempts (`exe_….2`) carry the same mark. The environment variable that marks all of a child's processes, even those that left its session and lost their parent. */
export function markOf(id: string): { name: string; value: string } {
  if (id.startsWith("prv_")) return { name: "GANTRY_PROVIDER_RUN", value: id.replace(/\.\d+$/, "") };
  return { name: id.startsWith("ses_") ? "GANTRY_SESSION_ID" : "GANTRY_EXECUTION_ID", value: id };
}

function readFacts(pid: number): ProcessFacts | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const startTime = parseStartTime(stat);
    if (startTime === undefined) return undefined;
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return {
      pid,
      startTime,
      parentPid: Number(fields[1]),
      sessionId: Number(fields[3]),
      terminalGroup: Number(fields[5]),
      zombie: fields[0] === "Z" || fields[0] === "X",
    };
  } catch {
    return undefined;
  }
}

export function startTimeOf(pid: number): string | undefined {
  return readFacts(pid)?.startTime;
}

export function isAlive(mark: ProcessMark): boolean {
  const facts = readFacts(mark.pid);
  return facts?.startTime === mark.startTime && !facts.zombie;
}

/** The process group that reads the terminal whose session leader this is; undefined when there is none. */
export function foregroundGroup(leaderPid: number): number | undefined {
  const group = readFacts(leaderPid)?.terminalGroup;
  return group === undefined || group <= 0 ? undefined : group;
}

function readEnvironment(pid: number): string {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, "latin1")}`;
  } catch {
    return "";
  }
}

interface Snapshot {
  all: ReadonlyMap<number, ProcessFacts>;
  carriesMark(pid: number, mark: string): boolean;
}

let next: Promise<Snapshot> | undefined;

/** One look at /proc for all who ask in the same turn: the end of many trees at once must not hold the event loop up for each. */
function takeSnapshot(): Promise<Snapshot> {
  next ??= new Promise((resolve) => {
    setImmediate(() => {
      next = undefined;
      const all = new Map<number, ProcessFacts>();
      for (const name of readdirSync("/proc")) {
        const pid = Number(name);
        const facts = Number.isInteger(pid) ? readFacts(pid) : undefined;
        if (facts !== undefined) all.set(pid, facts);
      }
      const environments = new Map<number, string>();
      resolve({
        all,
        carriesMark(pid, mark) {
          const environment = environments.get(pid) ?? readEnvironment(pid);
          environments.set(pid, environment);
          return environment.includes(`\0${mark}\0`);
        },
      });
    });
  });
  return next;
}

/** Everything alive that belongs to the child `id` whose leader is or was `leader`. */
async function treeOf(id: string, leader: ProcessMark): Promise<ProcessMark[]> {
  const { all, carriesMark } = await takeSnapshot();
  const holder = all.get(leader.pid);
  // Another process has the leader's pid by now: its session is not ours. (A session's id is not given away while it has members.)
  const reused = holder !== undefined && holder.startTime !== leader.startTime;
  const { name, value } = markOf(id);
  // The leader itself belongs even in the moment before it has its own session.
  const members = new Set<number>(holder === undefined || reused ? [] : [leader.pid]);
  for (const facts of all.values()) {
    if (Number(facts.startTime) < Number(leader.startTime) || facts.pid === process.pid) continue;
    const inSession = !reused && facts.sessionId === leader.pid;
    if (inSession || carriesMark(facts.pid, `${name}=${value}`)) members.add(facts.pid);
  }
  for (let grew = true; grew;) {
    grew = false;
    for (const facts of all.values()) {
      if (!members.has(facts.pid) && members.has(facts.parentPid) && facts.pid !== process.pid) grew = members.add(facts.pid).size > 0;
    }
  }
  return [...members].map((pid) => all.get(pid) as ProcessFacts).filter(({ zombie }) => !zombie);
}

function signalAll(marks: readonly ProcessMark[], signal: NodeJS.Signals): void {
  for (const mark of marks) {
    try {
      if (isAlive(mark)) process.kill(mark.pid, signal);
    } catch {
      // Gone in between, or no longer ours to signal.
    }
  }
}

export interface EndTreeOptions {
  /** Sent first, for a terminal: shells leave on it and tell their jobs. */
  hangUp: boolean;
  graceMs: number;
}

const hangUpLeadMs = 100;
const pollMs = 15;
/** A process in uninterruptible sleep cannot be killed; waiting longer would not help. */
const maxKillMs = 5000;

/** HUP, TERM, then KILL after the grace time; settles when nothing is left, or tells what could not be killed. */
export async function endTree(id: string, leader: ProcessMark, options: EndTreeOptions): Promise<ProcessMark[]> {
  const startMs = performance.now();
  let members = await treeOf(id, leader);
  if (options.hangUp) {
    signalAll(members, "SIGHUP");
    // A stopped process acts on signals only once it runs again.
    signalAll(members, "SIGCONT");
    members = await untilGone(id, leader, members, startMs + Math.min(hangUpLeadMs, options.graceMs));
  }
  signalAll(members, "SIGTERM");
  signalAll(members, "SIGCONT");
  members = await untilGone(id, leader, members, startMs + options.graceMs);
  const killStartMs = performance.now();
  while (members.length > 0 && performance.now() - killStartMs < maxKillMs) {
    signalAll(members, "SIGKILL");
    members = await untilGone(id, leader, members, performance.now() + 100);
  }
  return members;
}

/** What is still there at the deadline, or nothing as soon as nothing is. New members are noticed when the known ones are gone. */
async function untilGone(id: string, leader: ProcessMark, members: ProcessMark[], deadlineMs: number): Promise<ProcessMark[]> {
  let known = members;
  for (;;) {
    known = known.filter(isAlive);
    if (known.length === 0) {
      known = await treeOf(id, leader);
      if (known.length === 0) return [];
    }
    if (performance.now() >= deadlineMs) return treeOf(id, leader);
    await delay(pollMs);
  }
}
