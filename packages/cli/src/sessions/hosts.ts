/** `gantry sessions hosts`: the processes that own the programs of sessions and executions. */
import pc from "picocolors";

import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nAfter an upgrade the hosts of the version before are draining: they keep their sessions to their end and get no new ones.\n\nExamples:\n  gantry sessions hosts",
    )
    .action(async ({ json = false }: { json?: boolean }) => {
      const { client } = await context.connect();
      const { items } = await client.sessions.hosts();
      if (json) {
        printJson({ items });
        return;
      }
      if (items.length === 0) process.stderr.write("No process host runs; the next session or program starts one.\n");
      else
        printTable(
          [
            { head: "HOST", value: ({ number }) => number },
            { head: "PID", value: ({ pid }) => pid, align: "right" },
            { head: "VERSION", value: ({ version }) => version },
            { head: "RUNNING", value: ({ running }) => running, align: "right" },
            {
              head: "STATE",
              value: ({ pid, draining }) => (draining ? "draining" : pid === null ? "away" : "open"),
              paint: (text) => (text === "draining" ? pc.yellow(text) : text),
            },
          ],
          items,
        );
    });
};
