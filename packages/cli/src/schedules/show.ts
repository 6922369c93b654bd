/** `gantry schedule show`: everything about one schedule. */
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { printSchedule } from "./print-schedule.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<schedule>", "a name or id; see: gantry schedule list")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry schedule show nightly")
    .action(async (schedule: string, { json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const shown = await client.schedules.get({ schedule });
      if (json === true) printJson(shown);
      else printSchedule(shown);
    });
};
