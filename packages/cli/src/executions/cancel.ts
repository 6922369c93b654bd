/** `gantry cancel`: ends executions and answers when their processes are gone. */
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<execution...>", "as printed by gantry ps")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry cancel exe_…")
    .action(async (ids: string[], { json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const items = await Promise.all(ids.map((id) => client.executions.cancel({ id })));
      if (json === true) printJson({ items });
      // It may have ended by itself before: then the state says how.
      else for (const { executionId, state } of items) process.stdout.write(`${executionId} ${state}\n`);
    });
};
