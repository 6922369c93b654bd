/** `gantry retry`: ended executions again, as new ones. */
import { forEach } from "../each.ts";
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<execution...>", "as printed by gantry history")
    .option("--json", "print the new executions as JSON")
    .addHelpText(
      "after",
      "\nThe same command, input, folder, time limit, tags, and queue. Variables that the caller had set with --env are not kept: set them anew with gantry run.\n\nExamples:\n  gantry retry exe_01JZZZZZZZZZZZZZZZZZZZZZZZ\n  gantry wait $(gantry retry exe_01JZZZZZZZZZZZZZZZZZZZZZZZ)",
    )
    .action(async (ids: string[], { json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const retry = async (id: string) => {
        const made = await client.executions.retry({ id });
        if (json !== true) process.stdout.write(`${made.executionId}\n`);
        return made;
      };
      const { items, failures } = await forEach(ids, retry, context);
      if (json === true) printJson({ items, failures });
    });
};
