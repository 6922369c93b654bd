/** `gantry batch show`: how a batch stands, failures first. */
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { printSummary } from "./follow-batch.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<batch>", "as printed by gantry batch list")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry batch show bat_…")
    .action(async (id: string, { json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const batch = await client.batches.get({ id });
      if (json === true) printJson(batch);
      else printSummary(batch);
    });
};
