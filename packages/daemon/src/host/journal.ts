/**
 * The host's list of children on disk, one JSON object a line: with it the daemon can kill what a dead host left behind,
 * and learn the exit of what ended while no daemon was there.
 */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";

import type { ChildStatus } from "./interface.ts";

type JournalLine =
  | { type: "host"; bootId: string; pid: number }
  | { type: "started"; status: ChildStatus; startTime: string }
  | { type: "exited"; status: ChildStatus }
  | { type: "forgotten"; id: string };

export interface JournalChild {
  status: ChildStatus;
  startTime: string;
}

function readBootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "unknown";
  }
}

export interface Journal {
  started(status: ChildStatus, startTime: string): void;
  exited(status: ChildStatus): void;
  forgotten(id: string): void;
}

/** Starts a new journal. A write error is reported and does not stop the host: its children matter more than their list. */
export function createJournal(path: string, onError: (error: unknown) => void): Journal {
  const write = (line: JournalLine): void => {
    try {
      appendFileSync(path, `${JSON.stringify(line)}\n`, { mode: 0o600 });
    } catch (error) {
      onError(error);
    }
  };
  writeFileSync(path, "", { mode: 0o600 });
  write({ type: "host", bootId: readBootId(), pid: process.pid });
  return {
    started: (status, startTime) => write({ type: "started", status, startTime }),
    exited: (status) => write({ type: "exited", status }),
    forgotten: (id) => write({ type: "forgotten", id }),
  };
}

/** What a dead host knew. Children of an earlier boot count as gone without an exit. A torn last line is left out. */
export function readJournal(path: string): { sameBoot: boolean; hostPid: number | undefined; children: JournalChild[] } {
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch {
    // No journal: no host has run here.
  }
  const children = new Map<string, JournalChild>();
  let sameBoot = false;
  let hostPid: number | undefined;
  for (const line of text.split("\n")) {
    const entry = parseLine(line);
    if (entry?.type === "host") {
      sameBoot = entry.bootId === readBootId();
      hostPid = entry.pid;
    }
    if (entry?.type === "started") children.set(entry.status.id, { status: entry.status, startTime: entry.startTime });
    if (entry?.type === "exited") children.set(entry.status.id, { status: entry.status, startTime: "" });
    if (entry?.type === "forgotten") children.delete(entry.id);
  }
  return { sameBoot, hostPid, children: [...children.values()] };
}

function parseLine(line: string): JournalLine | undefined {
  try {
    return JSON.parse(line) as JournalLine;
  } catch {
    return undefined;
  }
}
