/** `gantry batch items`: what became of each item, in the batch's order. */
import type { BatchItemState } from "@gantry/contract";

import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<batch>", "as printed by gantry batch list")
    .option("--state <state>", "only in this state, such as failed")
    .option("-n, --limit <number>", "how many", "1000")
    .option("--cursor <cursor>", "go on where an earlier page ended")
    .option("--json", "print as JSON, with nextCursor when there are more")
    .addHelpText("after", "\nExample:\n  gantry batch items --state failed bat_…\nWhat an item printed: gantry output <execution>")
    .action(
      async (id: string, { state, limit, cursor, json }: { state?: BatchItemState; limit: string; cursor?: string; json?: boolean }) => {
        const { client } = await context.connect();
        const page = await client.batches.items({
          id,
          limit: Number(limit),
          ...(state === undefined ? {} : { state }),
          ...(cursor === undefined ? {} : { cursor }),
        });
        if (json === true) {
          printJson(page);
          return;
        }
        printTable(
          [
            { head: "ITEM", value: (item) => item.id },
            { head: "COMMAND", value: (item) => item.command },
            { head: "STATE", value: (item) => item.state },
            { head: "EXECUTION", value: ({ executionId }) => executionId ?? undefined },
            { head: "NEEDS", value: ({ needs }) => (needs.length === 0 ? undefined : needs.join(",")) },
            { head: "ERROR", value: ({ error }) => error?.message },
          ],
          page.items,
        );
        if (page.nextCursor !== undefined) process.stderr.write(`There are more: add --cursor ${page.nextCursor}\n`);
      },
    );
};
