/** `gantry schedule ticks`: what became of each tick, newest first. */
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { printTicks } from "./print-schedule.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<schedule>", "a name or id; see: gantry schedule list")
    .option("-n, --limit <number>", "how many", "20")
    .option("--cursor <cursor>", "go on where an earlier page ended")
    .option("--json", "print as JSON, with nextCursor when there are more")
    .addHelpText("after", "\nExamples:\n  gantry schedule ticks nightly\n  gantry schedule ticks -n 100 --json nightly")
    .action(async (schedule: string, { limit, cursor, json }: { limit: string; cursor?: string; json?: boolean }) => {
      const { client } = await context.connect();
      const page = await client.schedules.ticks({ schedule, limit: Number(limit), ...(cursor === undefined ? {} : { cursor }) });
      if (json === true) printJson(page);
      else {
        printTicks(page.items);
        if (page.nextCursor !== undefined) process.stderr.write(`There are more: add --cursor ${page.nextCursor}\n`);
      }
    });
};
