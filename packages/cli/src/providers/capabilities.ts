/** `gantry providers capabilities`. */
import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry providers capabilities\n  gantry providers capabilities --json")
    .action(async ({ json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const { items } = await client.providers.capabilities();
      if (json === true) {
        printJson({ items });
        return;
      }
      if (items.length === 0)
        process.stderr.write("No connected provider offers a capability. Try: node examples/calculator-ts/provider.ts\n");
      printTable(
        [
          { head: "CAPABILITY", value: ({ capability }) => capability },
          { head: "PROVIDERS", value: ({ providers }) => providers.join(", ") },
        ],
        items,
      );
    });
};
