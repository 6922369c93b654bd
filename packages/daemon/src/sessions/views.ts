/** How a session's row is told to others. */
import type { Session } from "@gantry/contract";

import { toTimestamp } from "../core/clock.ts";
import type { TreeUsage } from "../host/interface.ts";
import { agentOf } from "./agents/session-agents.ts";
import type { SessionRow } from "./store.ts";

export function brief({ id, name, state, owner }: SessionRow) {
  return { sessionId: id, name, state, owner };
}

export function describeEnd({ state, exitCode, signal, endReason }: SessionRow): string {
  if (state === "lost") return "lost with its process host";
  if (signal !== null) return `${endReason ?? state} by ${signal}`;
  return exitCode === null ? (endReason ?? state) : `exit code ${exitCode}`;
}

/** What is true of a session only while it is held. */
export interface LiveFacts {
  viewers: number;
  usage: TreeUsage | undefined;
  queuedPrompts: number;
}

export function toSession(row: SessionRow, { viewers, usage, queuedPrompts }: LiveFacts): Session {
  return {
    sessionId: row.id,
    name: row.name,
    profile: row.profile,
    mode: row.mode,
    state: row.state,
    argv: JSON.parse(row.argv) as string[],
    cwd: row.cwd,
    cols: row.cols,
    rows: row.rows,
    pid: row.pid,
    title: row.title,
    tags: JSON.parse(row.tags) as string[],
    owner: row.owner,
    viewers,
    agent: agentOf(row),
    queuedPrompts,
    resources: usage === undefined || row.endedAtMs !== null ? null : { ...usage, startedAt: toTimestamp(row.createdAtMs) },
    recording: row.recording === 1,
    outputBytes: row.outputBytes,
    exitCode: row.exitCode,
    signal: row.signal,
    endReason: row.endReason,
    createdAt: toTimestamp(row.createdAtMs),
    lastActivityAt: toTimestamp(row.lastActivityMs),
    endedAt: row.endedAtMs === null ? null : toTimestamp(row.endedAtMs),
  };
}
