/** `gantry profiles`. */
import pc from "picocolors";

import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import type { Verb } from "../verb.ts";

const signedIn = (value: boolean | null): string | undefined => (value === null ? undefined : value ? "yes" : "no");

export const verb: Verb = (command, context) => {
  command
    .option("--refresh", "ask the programs for version and flags again")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nPrograms are asked for their version and flags once, until their file changes.\n\nExamples:\n  gantry profiles\n  gantry profiles --json | jq '.items[] | select(.available) | .name'\n  gantry open claude",
    )
    .action(async ({ refresh = false, json = false }: { refresh?: boolean; json?: boolean }) => {
      const { client } = await context.connect();
      const { items } = await client.sessions.profiles({ refresh });
      if (json) {
        printJson({ items });
        return;
      }
      printTable(
        [
          { head: "PROFILE", value: ({ name }) => name },
          {
            head: "AVAILABLE",
            value: ({ available }) => (available ? "yes" : "no"),
            paint: (text, { available }) => (available ? pc.green(text) : pc.red(text)),
          },
          { head: "VERSION", value: ({ version }) => version ?? undefined },
          { head: "SIGNED IN", value: (profile) => signedIn(profile.signedIn) },
          {
            head: "OFFERS",
            value: ({ features, available }) =>
              available
                ? Object.entries(features)
                    .flatMap(([name, offered]) => (offered ? [name] : []))
                    .join(",") || undefined
                : undefined,
          },
          { head: "PROGRAM", value: ({ path, binary }) => path ?? binary },
        ],
        items,
      );
      for (const { name, problems } of items) for (const problem of problems) process.stderr.write(`${plain(name)}: ${plain(problem)}\n`);
    });
};
