/** `gantry batch cancel`: skips what waits, stops what runs, and answers when all of it is gone. */
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { printSummary } from "./follow-batch.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<batch>", "as printed by gantry batch list")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry batch cancel bat_…")
    .action(async (id: string, { json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const batch = await client.batches.cancel({ id });
      if (json === true) printJson(batch);
      else printSummary(batch);
    });
};
