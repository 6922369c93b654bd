/** `gantry queue list`: the queues, their limits, and what waits and runs in each. */
import { formatAge } from "../../output/units.ts";
import { printJson } from "../../output/print-json.ts";
import { printTable } from "../../output/table.ts";
import type { Verb } from "../../verb.ts";
import { paintQueueState, queueState } from "./queue-state.ts";

export const verb: Verb = (command, context) => {
  command
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry queue list\n  gantry queue list --json")
    .action(async ({ json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const { items, limits } = await client.queues.list();
      if (json === true) {
        printJson({ items, limits });
        return;
      }
      printTable(
        [
          { head: "QUEUE", value: ({ name }) => name },
          { head: "STATE", value: queueState, paint: paintQueueState },
          { head: "RUNNING", value: ({ running }) => running, align: "right" },
          { head: "AT MOST", value: ({ maxConcurrent }) => maxConcurrent ?? limits.maxConcurrent, align: "right" },
          { head: "WAITING", value: ({ queued }) => queued, align: "right" },
          { head: "AT MOST", value: ({ maxQueued }) => maxQueued ?? limits.maxQueued, align: "right" },
          { head: "LATER", value: ({ scheduled }) => scheduled, align: "right" },
          { head: "LONGEST", value: ({ oldestQueuedAt }) => (oldestQueuedAt === null ? undefined : formatAge(oldestQueuedAt)) },
        ],
        items,
      );
    });
};
