/** `gantry schedule next`: the ticks to come. */
import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<schedule>", "a name or id; see: gantry schedule list")
    .option("-n, --count <number>", "how many", "5")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExample:\n  gantry schedule next -n 3 nightly")
    .action(async (schedule: string, { json, count }: { json?: boolean; count: string }) => {
      const { client } = await context.connect();
      const { timeZone, items } = await client.schedules.next({ schedule, count: Number(count) });
      if (json === true) {
        printJson({ timeZone, items });
        return;
      }
      const zone = timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
      const local = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" });
      printTable(
        [
          { head: "UTC", value: ({ at }) => at },
          { head: zone, value: ({ at }) => local.format(new Date(at)) },
          { head: "STARTS", value: ({ at, startsAt }) => (startsAt === at ? "then" : startsAt) },
        ],
        items,
      );
    });
};
