/** `gantry config reload`: the running instance reads its configuration anew; what cannot change while it runs is named. */
import { chooseInstance } from "@gantry/client/node";
import type { ConfigurationChange } from "@gantry/contract";
import pc from "picocolors";

import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import type { Verb } from "../verb.ts";

const signs: Record<ConfigurationChange["change"], string> = { added: "+", changed: "~", removed: "-" };
const shownCharacters = 60;

export const verb: Verb = (command, context) => {
  command
    .option("--dry-run", "only tell what would change")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      `
The instance reads the files that it was started with; a wrong one is refused with its line, and what was in force stays. What runs is not
touched: new limits, commands, schedules, and providers hold from now on. A port or a host needs a restart and is named as such. SIGHUP does
the same, and tells of it in the log.

Exits 78 when the configuration is wrong.

Examples:
  gantry config reload
  gantry config reload --dry-run`,
    )
    .action(async ({ dryRun = false, json = false }: { dryRun?: boolean; json?: boolean }) => {
      const { client } = await context.connect();
      const reload = await client.instances.reload({ dryRun });
      if (json) return printJson(reload);
      const { configFile = "no file, defaults only", changes, problems } = reload;
      const needRestart = changes.filter(({ effect }) => effect === "restart");
      if (changes.length > 0) {
        printTable(
          [
            { head: "", value: ({ change }) => signs[change] },
            { head: "KEY", value: ({ key }) => key },
            { head: "BEFORE", value: ({ before }) => shown(before), gives: "end" },
            { head: "NOW", value: ({ after }) => shown(after), gives: "end" },
            {
              head: "EFFECT",
              value: ({ effect }) => (effect === "restart" ? "needs a restart" : dryRun ? "would be applied" : "applied"),
              paint: (text, { effect }) => (effect === "restart" ? pc.yellow(text) : pc.green(text)),
            },
          ],
          changes,
        );
      }
      for (const { source, message } of problems) process.stderr.write(`gantry: ${plain(source)}: ${plain(message)}\n`);
      const said = changes.length === 0 ? "Nothing has changed" : dryRun ? "Nothing was changed yet" : "Done";
      const instance = chooseInstance(context.choice);
      const restart =
        needRestart.length === 0
          ? ""
          : ` Needs a restart: ${needRestart.map(({ key }) => key).join(", ")}; sessions and programs stay: gantry restart${instance === "default" ? "" : ` --instance ${instance}`}`;
      process.stderr.write(`${said} (${plain(configFile)}).${restart}\n`);
    });
};

function shown(value: unknown): string {
  if (value === undefined) return "-";
  const text = JSON.stringify(value);
  return text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
}
