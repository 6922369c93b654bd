/** `gantry sessions show`: everything about one session. */
import pc from "picocolors";

import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import { formatAge, formatBytes } from "../output/units.ts";
import type { Verb } from "../verb.ts";

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
      const { name, state, exitCode, signal, endReason, attachments } = session;
      const end =
        endReason === null
          ? ""
          : `, ${endReason}${signal === null ? (exitCode === null ? "" : ` with code ${exitCode}`) : ` by ${signal}`}`;
      const rows: [string, string][] = [
        ["id", session.sessionId],
        ["name", name ?? "-"],
        ["state", `${state}${end}`],
        ["program", session.argv.join(" ")],
        ["folder", session.cwd],
        ["pid", session.pid === null ? "-" : String(session.pid)],
        ["title", session.title === "" ? "-" : session.title],
        ["size", session.mode === "pty" ? `${session.cols}x${session.rows}` : "pipe"],
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
