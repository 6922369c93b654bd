/** `gantry keys create`: makes a key and prints it once. */
import type { OperationInput, accessOperations } from "@gantry/contract";
import { Option } from "commander";

import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";

type Input = OperationInput<typeof accessOperations.createKey>;

interface CreateOptions {
  role: Input["role"];
  provider?: string[];
  expires?: string;
  json?: boolean;
}

export const verb: Verb = (command, context) => {
  command
    .argument("<name>", "what the key is for")
    .addOption(
      new Option("--role <role>", "what it may do")
        .choices(["viewer", "relay", "runner", "operator", "admin", "provider"])
        .makeOptionMandatory(),
    )
    .option(
      "--provider <provider>",
      "for role provider: a provider name that it may register; repeatable",
      (name: string, names?: string[]) => [...(names ?? []), name],
    )
    .option("--expires <time>", "when it stops working, such as 2027-01-31 or 2027-01-31T12:00:00Z")
    .option("--json", "print the key and its record as JSON")
    .addHelpText(
      "after",
      "\nThe key goes to standard output and is shown only now.\n\nExamples:\n  gantry keys create --role viewer wall-display\n  gantry keys create calculator-1 --role provider --provider calculator > calculator.key",
    )
    .action(async (name: string, { role, provider, expires, json }: CreateOptions) => {
      const { client } = await context.connect();
      const expiresAt = expires === undefined || Number.isNaN(Date.parse(expires)) ? expires : new Date(expires).toISOString();
      const made = await client.access.createKey({ name, role, providerNames: provider, expiresAt });
      if (json === true) printJson(made);
      else {
        process.stderr.write(`Made ${made.id} with role ${made.role}. It is not shown again.\n`);
        process.stdout.write(`${made.key}\n`);
      }
    });
};
