/** `gantry schedule delete`. */
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<schedule...>", "names or ids")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nWhat its ticks have started stays.\n\nExamples:\n  gantry schedule delete nightly")
    .action(async (schedules: string[], { json }: { json?: boolean }) => {
      const { client } = await context.connect();
      for (const schedule of schedules) {
        await client.schedules.delete({ schedule });
        if (json !== true) process.stdout.write(`${schedule} deleted\n`);
      }
      if (json === true) printJson({ deleted: schedules });
    });
};
