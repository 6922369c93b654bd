/** `gantry sessions show`: everything about one session. */
import type { SessionResources } from "@gantry/contract";
import pc from "picocolors";

import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import { formatAge, formatBytes, formatDuration } from "../output/units.ts";
import type { Verb } from "../verb.ts";
import { firstLine } from "./first-line.ts";

const age = (since: string): string => formatAge(since).replace(" ago", "");

export const verb: Verb = (command, context) => {
  command
    .argument("<session>", "its name or id")
    .option("--json", "print as JSON")
    .action(async (id: string, { json = false }: { json?: boolean }) => {
      const { client } = await context.connect();
      const session = await client.sessions.get({ id });
      if (json) {
        printJson(session);
        return;
      }
      const { name, state, exitCode, signal, endReason, attachments, agent, prompts, resources } = session;
      const end =
        endReason === null
          ? ""
          : `, ${endReason}${signal === null ? (exitCode === null ? "" : ` with code ${exitCode}`) : ` by ${signal}`}`;
      const rows: [string, string][] = [
        ["id", session.sessionId],
        ["name", name ?? "-"],
        ["state", `${state}${end}`],
        ...(session.profile === null ? [] : [["profile", session.profile] as [string, string]]),
        ...(agent === null
          ? []
          : [
              [
                "agent",
                `${agent.state} for ${age(agent.since)}, by ${agent.source}${agent.detail === null ? "" : ` (${agent.detail})`}`,
              ] as [string, string],
            ]),
        ...prompts.map(({ promptId, state: stage, text }): [string, string] => ["prompt", `${stage} ${promptId} ${firstLine(text)}`]),
        ["program", session.argv.join(" ")],
        ["folder", session.cwd],
        ["pid", session.pid === null ? "-" : String(session.pid)],
        ["title", session.title === "" ? "-" : session.title],
        ["size", session.mode === "pty" ? `${session.cols}x${session.rows}` : "pipe"],
        ...(resources === null ? [] : [["uses", describe(resources)] as [string, string]]),
        ["output", formatBytes(session.outputBytes)],
        ["opened", `${session.createdAt} (${formatAge(session.createdAt)}) by ${session.owner}`],
        ["active", formatAge(session.lastActivityAt)],
        ...(session.endedAt === null ? [] : [["ended", `${session.endedAt} (${formatAge(session.endedAt)})`] as [string, string]]),
        ...(session.tags.length === 0 ? [] : [["tags", session.tags.join(", ")] as [string, string]]),
        ...attachments.map(({ attachmentId, owner, controller, readOnly, attachedAt }): [string, string] => [
          "attached",
          `${attachmentId} ${owner}, ${controller ? "in control" : readOnly ? "read-only" : "watching"}, ${formatAge(attachedAt)}`,
        ]),
      ];
      const width = Math.max(...rows.map(([label]) => label.length));
      for (const [label, value] of rows) process.stdout.write(`${pc.dim(label.padEnd(width))}  ${plain(value)}\n`);
    });
};

function describe({ cpuPercent, cpuMs, memoryBytes, processes, threads }: SessionResources): string {
  return `${cpuPercent.toFixed(1)}% CPU (${formatDuration(cpuMs)} so far), ${formatBytes(memoryBytes)}, ${counted(processes, "process", "processes")}, ${counted(threads, "thread", "threads")}`;
}

function counted(count: number, one: string, more: string): string {
  return `${count} ${count === 1 ? one : more}`;
}
