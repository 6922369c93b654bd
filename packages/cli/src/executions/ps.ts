/** `gantry ps`: what runs or waits to run. */
import { printJson } from "../output/print-json.ts";
import { tellPaused } from "./queues/tell-paused.ts";
import type { Verb } from "../verb.ts";
import { printExecutions } from "./execution-table.ts";

const mostShown = 1000;

export const verb: Verb = (command, context) => {
  command
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry ps\n  gantry ps --json\n\nWhat has ended is in: gantry history")
    .action(async ({ json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const { items } = await client.executions.list({ state: ["scheduled", "queued", "running"], limit: mostShown });
      if (json === true) printJson({ items });
      else printExecutions(items);
      await tellPaused(context);
    });
};
