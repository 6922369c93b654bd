/** `gantry schedule list`. */
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { printSchedules } from "./print-schedule.ts";

const mostShown = 1000;

export const verb: Verb = (command, context) => {
  command
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry schedule list\n  gantry schedule list --json")
    .action(async ({ json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const { items } = await client.schedules.list({ limit: mostShown });
      if (json === true) printJson({ items });
      else printSchedules(items);
    });
};
