/** `gantry schedule delete`. */
import { forEach } from "../each.ts";
import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<schedule...>", "names or ids")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nWhat its ticks have started stays.\n\nExamples:\n  gantry schedule delete nightly")
    .action(async (schedules: string[], { json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const remove = async (schedule: string) => {
        await client.schedules.delete({ schedule });
        if (json !== true) process.stdout.write(`${plain(schedule)} deleted\n`);
        return schedule;
      };
      const { items: deleted, failures } = await forEach(schedules, remove, context);
      if (json === true) printJson({ deleted, failures });
    });
};
