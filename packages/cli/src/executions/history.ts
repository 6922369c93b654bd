/** `gantry history`: executions, newest first. */
import type { ExecutionState } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";

import { parseDuration } from "../output/duration.ts";
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { printExecutions } from "./execution-table.ts";
import { historyCsv } from "./history-csv.ts";
import { historySummary } from "./history-summary.ts";

interface HistoryOptions {
  command?: string;
  state?: ExecutionState[];
  tag?: string;
  since?: string;
  limit: string;
  cursor?: string;
  json?: boolean;
  csv?: boolean;
}

const collect = (value: string, previous: string[] | undefined) => [...(previous ?? []), value];

export const verb: Verb = (command, context) => {
  command
    .option("--command <name>", "only of this command")
    .option("--state <state>", "only in this state, such as failed; repeatable", collect)
    .option("--tag <tag>", "only with this tag")
    .option("--since <duration>", "only those of the last 90s, 10m, 2h, 7d")
    .option("-n, --limit <number>", "how many", "20")
    .option("--cursor <cursor>", "go on where an earlier page ended")
    .option("--json", "print as JSON, with nextCursor when there are more")
    .option("--csv", "print as CSV, for spreadsheets")
    .addHelpText(
      "after",
      "\nExamples:\n  gantry history --state failed --since 1d\n  gantry history --command build --json\n  gantry history --since 7d --limit 500 --csv > week.csv",
    )
    .action(async ({ command: name, state, tag, since, limit, cursor, json, csv }: HistoryOptions) => {
      if (json === true && csv === true) throw new GantryError("invalidArgument", "Either --json or --csv, but both were given.");
      if (!/^\d+$/.test(limit)) throw new GantryError("invalidArgument", `--limit ${JSON.stringify(limit)} is no number of executions.`);
      const { client } = await context.connect();
      const page = await client.executions.list({
        command: name,
        state,
        tag,
        cursor,
        limit: Number(limit),
        ...(since === undefined ? {} : { since: new Date(Date.now() - parseDuration(since, "--since")).toISOString() }),
      });
      if (json === true) {
        printJson(page);
        return;
      }
      if (csv === true) process.stdout.write(historyCsv(page.items));
      else {
        printExecutions(page.items);
        // For people: a pipe gets the table alone.
        const summary = process.stdout.isTTY ? historySummary(page.items) : undefined;
        if (summary !== undefined) process.stdout.write(`\n${summary}\n`);
      }
      if (page.nextCursor !== undefined) process.stderr.write(`There are more: add --cursor ${page.nextCursor}\n`);
    });
};
