/** `gantry history`: executions, newest first. */
import type { ExecutionState, ExecutionSummary } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";
import { Option } from "commander";

import { parseDuration } from "../output/duration.ts";
import type { Verb } from "../verb.ts";
import { executionStates, printExecutions } from "./execution-table.ts";
import { type Pages, pagesOf, printPagesAsCsv, printPagesAsJson } from "./history-pages.ts";
import { historySummary } from "./history-summary.ts";

interface HistoryOptions {
  command?: string;
  state?: ExecutionState[];
  failed?: boolean;
  tag?: string;
  owner?: string;
  search?: string;
  longerThan?: string;
  since?: string;
  until?: string;
  limit: string;
  all?: boolean;
  cursor?: string;
  json?: boolean;
  csv?: boolean;
}

const collect = (value: string, previous: string[] | undefined) => [...(previous ?? []), value];
/** A cancelled one did what was asked of it. */
const failures: ExecutionState[] = ["failed", "timedOut", "interrupted", "expired"];
const ago = (duration: string, option: string) => new Date(Date.now() - parseDuration(duration, option)).toISOString();

export const verb: Verb = (command, context) => {
  command
    .option("--command <command>", "only of this command")
    .addOption(new Option("--state <state>", "only in this state; repeatable").choices(executionStates).argParser(collect))
    .option("--failed", "only what failed, timed out, was interrupted, or expired")
    .option("--tag <tag>", "only with this tag")
    .option("--owner <api-key>", "only what this key started, or local")
    .option("--search <text>", "only with this text in the command's name, owner, tags, or error")
    .option("--longer-than <duration>", "only what ran at least so long")
    .option("--since <duration>", "only those of the last 90s, 10m, 2h, 7d")
    .option("--until <duration>", "only those older than that")
    .option("-n, --limit <number>", "how many; 0 for all", "20")
    .option("--all", "the same as --limit 0")
    .option("--cursor <cursor>", "go on where an earlier page ended")
    .option("--json", "print as JSON, with nextCursor when there are more")
    .option("--csv", "print as CSV, for spreadsheets")
    .addHelpText(
      "after",
      "\nExamples:\n  gantry history --failed --since 1d\n  gantry history --command build --longer-than 30s --json\n  gantry history --search 'not found' --tag nightly\n  gantry history --all --csv > history.csv",
    )
    .action(async (options: HistoryOptions) => {
      const { command: name, state, failed, tag, owner, search, longerThan, since, until, limit, all, cursor, json, csv } = options;
      if (json === true && csv === true) throw new GantryError("invalidArgument", "Either --json or --csv, but both were given.");
      if (failed === true && state !== undefined)
        throw new GantryError("invalidArgument", "Either --failed or --state, but both were given.");
      if (!/^\d+$/.test(limit)) throw new GantryError("invalidArgument", `--limit ${JSON.stringify(limit)} is no number of executions.`);
      const { client } = await context.connect();
      const filter = {
        command: name,
        state: failed === true ? failures : state,
        tag,
        owner,
        text: search,
        ...(longerThan === undefined ? {} : { minDurationMs: parseDuration(longerThan, "--longer-than") }),
        ...(since === undefined ? {} : { since: ago(since, "--since") }),
        ...(until === undefined ? {} : { until: ago(until, "--until") }),
      };
      const wanted = all === true || Number(limit) === 0 ? Infinity : Number(limit);
      const pages = pagesOf((page) => client.executions.list({ ...filter, ...page }), wanted, cursor);
      const nextCursor =
        json === true ? await printPagesAsJson(pages) : csv === true ? await printPagesAsCsv(pages) : await printTable(pages);
      if (nextCursor !== undefined && json !== true) process.stderr.write(`There are more: add --cursor ${nextCursor}\n`);
    });
};

async function printTable(pages: Pages): Promise<string | undefined> {
  const items: ExecutionSummary[] = [];
  let nextCursor: string | undefined;
  for await (const page of pages) {
    items.push(...page.items);
    ({ nextCursor } = page);
  }
  printExecutions(items);
  if (items.length === 0) process.stderr.write("There is nothing to show.\n");
  // For people: a pipe gets the table alone.
  const summary = process.stdout.isTTY ? historySummary(items) : undefined;
  if (summary !== undefined) process.stdout.write(`\n${summary}\n`);
  return nextCursor;
}
