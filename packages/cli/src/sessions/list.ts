/** `gantry sessions list`. */
import pc from "picocolors";

import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import { formatAge } from "../output/units.ts";
import type { Verb } from "../verb.ts";

const paints: Record<string, (text: string) => string> = {
  active: pc.green,
  starting: pc.yellow,
  failed: pc.red,
  lost: pc.red,
  exited: pc.dim,
};

export const verb: Verb = (command, context) => {
  command
    .option("-a, --all", "also those that have ended")
    .option("-n, --limit <count>", "at most this many", "100")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry sessions list\n  gantry sessions list --all --json")
    .action(async ({ all = false, limit, json = false }: { all?: boolean; limit: string; json?: boolean }) => {
      const { client } = await context.connect();
      const { items, nextCursor } = await client.sessions.list({ limit: Number(limit), live: !all });
      if (json) {
        printJson({ items, ...(nextCursor === undefined ? {} : { nextCursor }) });
        return;
      }
      if (items.length === 0)
        process.stderr.write(
          all ? "No sessions yet. Open one with: gantry open shell\n" : "No live sessions. Open one with: gantry open shell\n",
        );
      if (items.length === 0) return;
      printTable(
        [
          { head: "ID", value: ({ sessionId }) => sessionId },
          { head: "NAME", value: ({ name }) => name ?? undefined },
          {
            head: "STATE",
            value: ({ state, exitCode }) => (state === "exited" && exitCode !== null ? `exited ${exitCode}` : state),
            paint: (text, { state }) => paints[state]?.(text) ?? text,
          },
          { head: "SIZE", value: ({ cols, rows, mode }) => (mode === "pty" ? `${cols}x${rows}` : "pipe") },
          { head: "VIEWERS", value: ({ viewers }) => viewers, align: "right" },
          { head: "ACTIVE", value: ({ lastActivityAt }) => formatAge(lastActivityAt) },
          { head: "OPENED", value: ({ createdAt }) => formatAge(createdAt) },
          { head: "PROGRAM", value: ({ argv, title }) => (title === "" ? argv.join(" ") : `${argv.join(" ")} (${title})`) },
        ],
        items,
      );
    });
};
