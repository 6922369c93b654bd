/** `gantry cancel`: ends executions and answers when their processes are gone. */
import { forEach } from "../each.ts";
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<execution...>", "as printed by gantry ps")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry cancel exe_…")
    .action(async (ids: string[], { json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const { items, failures } = await forEach(ids, (id) => client.executions.cancel({ id }), context, { atOnce: true });
      if (json === true) printJson({ items, failures });
      // It may have ended by itself before: then the state says how.
      else for (const { executionId, state } of items) process.stdout.write(`${executionId} ${state}\n`);
    });
};
