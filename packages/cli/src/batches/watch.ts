/** `gantry batch watch`: the progress of a batch that somebody started, to its end. */
import type { BatchEvent } from "@gantry/contract";

import type { Verb } from "../verb.ts";
import { followBatch } from "./follow-batch.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<batch>", "as printed by gantry batch list")
    .option("--json", "print the summary as JSON")
    .addHelpText(
      "after",
      "\nThe exit code is that of gantry batch run. Ctrl-C ends the watching, not the batch.\n\nExamples:\n  gantry batch watch bat_…",
    )
    .action(async (id: string, { json }: { json?: boolean }) => {
      const { connection } = await context.connect();
      const events = connection.stream("batches.get", { id }) as AsyncIterable<BatchEvent>;
      await followBatch(events, { json: json === true, cancelOnInterrupt: false }, context);
    });
};
