/** `gantry schedule resume`: ticks again after a pause. */
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<schedule>", "a name or id; see: gantry schedule list")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry schedule resume nightly")
    .action(async (schedule: string, { json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const changed = await client.schedules.resume({ schedule });
      if (json === true) printJson(changed);
      else process.stdout.write(`${changed.name} ${changed.nextAt === null ? changed.state : `next runs at ${changed.nextAt}`}\n`);
    });
};
