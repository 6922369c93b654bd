/** `gantry commands list`. */
import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import type { Verb } from "../verb.ts";

const pageSize = 1000;

export const verb: Verb = (command, context) => {
  command
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry commands list\n  gantry commands list --json")
    .action(async ({ json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const { items, problems } = await client.commands.list({ limit: pageSize });
      if (json === true) {
        printJson({ items, problems });
        return;
      }
      printTable(
        [
          { head: "NAME", value: ({ name }) => name },
          { head: "KIND", value: ({ kind }) => kind },
          { head: "SUMMARY", value: ({ summary }) => summary },
        ],
        items,
      );
      for (const { source, message } of problems) process.stderr.write(`${plain(source)} was left out: ${plain(message)}\n`);
    });
};
