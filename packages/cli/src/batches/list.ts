/** `gantry batch list`: batches, newest first. */
import type { BatchState } from "@gantry/contract";
import { Option } from "commander";

import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import { formatAge, formatDuration } from "../output/units.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .addOption(new Option("--state <state>", "only in this state").choices(["running", "succeeded", "failed", "cancelled"]))
    .option("-n, --limit <number>", "how many", "20")
    .option("--cursor <cursor>", "go on where an earlier page ended")
    .option("--json", "print as JSON, with nextCursor when there are more")
    .addHelpText("after", "\nExamples:\n  gantry batch list --state failed\n  gantry batch list --json")
    .action(async ({ state, limit, cursor, json }: { state?: BatchState; limit: string; cursor?: string; json?: boolean }) => {
      const { client } = await context.connect();
      const page = await client.batches.list({
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
          { head: "ID", value: ({ batchId }) => batchId },
          { head: "NAME", value: ({ name }) => name ?? undefined },
          { head: "STATE", value: (batch) => batch.state },
          { head: "DONE", value: ({ counts }) => `${counts.total - counts.waiting - counts.running}/${counts.total}`, align: "right" },
          { head: "FAILED", value: ({ counts }) => counts.failed, align: "right" },
          { head: "CREATED", value: ({ createdAt }) => formatAge(createdAt) },
          { head: "TOOK", value: ({ durationMs }) => (durationMs === null ? undefined : formatDuration(durationMs)), align: "right" },
        ],
        page.items,
      );
      if (page.nextCursor !== undefined) process.stderr.write(`There are more: add --cursor ${page.nextCursor}\n`);
    });
};
