/** `gantry config show`: every value, and with --origin where it came from. */
import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import type { Verb } from "../verb.ts";
import { readConfig } from "./read-config.ts";

export const verb: Verb = (command, context) => {
  command
    .option("--origin", "also show where each value came from")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  gantry config show --origin")
    .action(async ({ origin = false, json = false }: { origin?: boolean; json?: boolean }) => {
      const { configFile, values } = await readConfig(context.choice);
      if (json) return printJson({ configFile: configFile ?? null, values });
      printTable(
        [
          { head: "KEY", value: ({ key }) => key },
          { head: "VALUE", value: ({ value }) => JSON.stringify(value), gives: "end" },
          ...(origin ? [{ head: "ORIGIN", value: (row: (typeof values)[number]) => row.origin, gives: "start" as const }] : []),
        ],
        values,
      );
    });
};
