/** `gantry schedule update`: changes what is given and leaves the rest. */
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { addTimingOptions, timingInput, type TimingOptions } from "./timing-options.ts";

export const verb: Verb = (command, context) => {
  command
    .usage("[options] <schedule> [command [arguments…]]")
    .argument("<schedule>", "a name or id; see: gantry schedule list")
    .argument("[command]", "run this one instead")
    .argument("[arguments...]", "with these");
  addTimingOptions(command);
  command
    .addHelpText(
      "after",
      "\nOptions stand before the name.\n\nExamples:\n  gantry schedule update --cron '0 4 * * *' nightly\n  gantry schedule update nightly greet --name Bob",
    )
    .action(
      async (schedule: string, runs: string | undefined, argv: string[], { json, ...options }: TimingOptions & { json?: boolean }) => {
        const { client } = await context.connect();
        const changed = await client.schedules.update({
          schedule,
          ...(runs === undefined ? {} : { command: runs, argv }),
          ...timingInput(options),
        });
        if (json === true) printJson(changed);
        else process.stdout.write(`${changed.name} ${changed.nextAt === null ? changed.state : `next runs at ${changed.nextAt}`}\n`);
      },
    );
};
