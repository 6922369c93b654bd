/** What `gantry top` shows at one moment, as rows of its lists. */
import type { LocalClient } from "@gantry/client/node";
import type { InstanceStatus } from "@gantry/contract";

import { plain } from "../../output/plain.ts";
import { formatAge, formatBytes, formatDuration } from "../../output/units.ts";

type Client = LocalClient["client"];

export interface TopRow {
  id: string;
  cells: string[];
  state: string;
}

export interface TopList {
  title: string;
  heads: string[];
  rows: TopRow[];
  empty: string;
}

export interface Snapshot {
  status: InstanceStatus;
  lists: TopList[];
}

const mostRows = 200;
const line = (text: string) => plain(text).replaceAll(/\s+/g, " ");

export async function readSnapshot(client: Client): Promise<Snapshot> {
  const [status, executions, sessions, providers] = await Promise.all([
    client.instances.status(),
    client.executions.list({ state: ["running", "queued", "scheduled"], limit: mostRows }),
    client.sessions.list({ live: true, limit: mostRows }),
    client.providers.list({ limit: mostRows }),
  ]);
  return {
    status,
    lists: [
      {
        title: "Executions",
        heads: ["ID", "COMMAND", "STATE", "SINCE", "QUEUE", "BY"],
        // What runs comes first, then what waits, each as the daemon lists it.
        rows: executions.items
          .toSorted((one, other) => Number(other.state === "running") - Number(one.state === "running"))
          .map(({ executionId, command, state, startedAt, createdAt, queue, owner }) => ({
            id: executionId,
            cells: [executionId, line(command), state, formatAge(startedAt ?? createdAt), line(queue), line(owner)],
            state,
          })),
        empty: "Nothing runs or waits. Try: gantry run <command>",
      },
      {
        title: "Sessions",
        heads: ["NAME", "STATE", "VIEWERS", "SIZE", "ACTIVE", "PROGRAM"],
        rows: sessions.items.map(({ sessionId, name, state, viewers, cols, rows, lastActivityAt, title, argv }) => ({
          id: sessionId,
          cells: [
            line(name ?? sessionId),
            state,
            String(viewers),
            `${cols}x${rows}`,
            formatAge(lastActivityAt),
            line(title === "" ? argv.join(" ") : title),
          ],
          state,
        })),
        empty: "No live sessions. Try: gantry open shell",
      },
      {
        title: "Providers",
        heads: ["NAME", "STATE", "INSTANCES", "CALLS", "IN FLIGHT", "FAILED", "LATENCY"],
        rows: providers.items.map(({ name, state, instances, calls, inflight, failures, latencyMs }) => ({
          id: name,
          cells: [
            line(name),
            state,
            String(instances),
            String(calls),
            String(inflight),
            String(failures),
            latencyMs === undefined ? "" : formatDuration(latencyMs),
          ],
          state,
        })),
        empty: "No providers. Try: gantry providers template",
      },
    ],
  };
}

/** The lines above the lists. */
export function headline({ executions, sessions, providers, load, uptimeSeconds, pid, url, draining }: InstanceStatus): string[] {
  const paused = executions.pausedQueues.length === 0 ? "" : ` · paused: ${executions.pausedQueues.join(", ")}`;
  return [
    `${draining ? "draining" : "running"} · up ${formatDuration(uptimeSeconds * 1000)} · pid ${pid} · ${url}/ui/`,
    `${executions.running} running, ${executions.queued} queued${paused} · ${sessions.live} sessions · ${providers.callsInFlight} calls in flight`,
    `memory ${formatBytes(load.rssBytes)} · event loop late by ${load.eventLoopDelayMs} ms`,
  ];
}
