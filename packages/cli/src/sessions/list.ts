/** `gantry sessions list`. */
import pc from "picocolors";

import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import { formatAge, formatBytes } from "../output/units.ts";
import type { Verb } from "../verb.ts";
import { paintAgent } from "./paint-agent.ts";

interface ListOptions {
  all?: boolean;
  limit: string;
  tag?: string;
  search?: string;
  json?: boolean;
}

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
    .option("--tag <tag>", "only those with this tag")
    .option("--search <text>", "only those with this text in their name, title, program, folder, or tags")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nCPU is that of all its processes since the look before (100 % is one core), MEMORY their resident memory, IDLE the time since the last input or output.\n\nExamples:\n  gantry sessions list\n  gantry sessions list --tag work\n  gantry sessions list --all --search vim --json",
    )
    .action(async ({ all = false, limit, tag, search, json = false }: ListOptions) => {
      const { client } = await context.connect();
      const filter = { ...(tag === undefined ? {} : { tag }), ...(search === undefined ? {} : { search }) };
      const { items, nextCursor } = await client.sessions.list({ limit: Number(limit), live: !all, ...filter });
      if (json) {
        printJson({ items, ...(nextCursor === undefined ? {} : { nextCursor }) });
        return;
      }
      if (items.length === 0) {
        const which = tag === undefined && search === undefined ? "" : " that match";
        process.stderr.write(`No ${all ? "" : "live "}sessions${which}. Open one with: gantry open shell\n`);
        return;
      }
      printTable(
        [
          { head: "ID", value: ({ sessionId }) => sessionId },
          { head: "NAME", value: ({ name }) => name ?? undefined },
          {
            head: "STATE",
            value: ({ state, exitCode, signal, endReason }) => {
              if (state !== "exited") return state;
              // What somebody or something ended says so: its signal is only how.
              return endReason === "exited" || endReason === null ? `exited ${exitCode ?? signal ?? ""}`.trim() : `exited ${endReason}`;
            },
            paint: (text, { state }) => paints[state]?.(text) ?? text,
          },
          {
            head: "AGENT",
            value: ({ agent, queuedPrompts, state }) =>
              agent === null || agent.state === "exited" || state === "exited"
                ? undefined
                : `${agent.state}${queuedPrompts === 0 ? "" : ` +${queuedPrompts}`}`,
            paint: (text, { agent }) => (agent === null ? text : paintAgent(agent.state, text)),
          },
          { head: "SIZE", value: ({ cols, rows, mode }) => (mode === "pty" ? `${cols}x${rows}` : "pipe") },
          { head: "VIEWERS", value: ({ viewers }) => viewers, align: "right" },
          { head: "CPU", value: ({ resources }) => resources && `${resources.cpuPercent.toFixed(1)}%`, align: "right" },
          { head: "MEMORY", value: ({ resources }) => resources && formatBytes(resources.memoryBytes), align: "right" },
          {
            head: "IDLE",
            value: ({ lastActivityAt, endedAt }) => (endedAt === null ? formatAge(lastActivityAt).replace(" ago", "") : undefined),
          },
          { head: "OPENED", value: ({ createdAt }) => formatAge(createdAt) },
          { head: "PROGRAM", value: ({ argv, title }) => (title === "" ? argv.join(" ") : `${argv.join(" ")} (${title})`) },
        ],
        items,
      );
    });
};
