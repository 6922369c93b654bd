/** `gantry providers models`. */
import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry providers models\n  gantry providers models --json")
    .action(async ({ json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const { items } = await client.providers.models();
      if (json === true) {
        printJson({ items });
        return;
      }
      if (items.length === 0) process.stderr.write("No connected provider offers a model. Try: node examples/echo-llm/provider.ts\n");
      printTable(
        [
          { head: "MODEL", value: ({ id }) => id },
          { head: "PROVIDERS", value: ({ providers }) => providers.join(", ") },
          { head: "CONTEXT", value: ({ contextTokens }) => contextTokens, align: "right" },
          { head: "ABOUT", value: ({ description }) => description ?? "" },
        ],
        items,
      );
    });
};
