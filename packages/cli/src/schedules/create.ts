/** `gantry schedule create`: a command at times. */
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { addTimingOptions, timingInput, type TimingOptions } from "./timing-options.ts";

export const verb: Verb = (command, context) => {
  command
    .usage("[options] <name> <command> [arguments…]")
    .argument("<name>", "what to call it")
    .argument("<command>", "a registered command; see: gantry commands list")
    .argument("[arguments...]", "its own options and arguments, checked now")
    .option("--paused", "make it, but do not let it tick yet");
  addTimingOptions(command);
  command
    .addHelpText(
      "after",
      "\nOptions stand before the name. Give exactly one of --cron, --every, and --at.\n\nExamples:\n  gantry schedule create --cron '30 2 * * *' --time-zone Europe/Berlin nightly greet --name Ada\n  gantry schedule create --every 10m --overlap queueOne poll greet --name Ada\n  gantry schedule create --at '2027-01-01 00:00' new-year greet --name World",
    )
    .action(
      async (
        name: string,
        runs: string,
        argv: string[],
        { json, paused, ...options }: TimingOptions & { json?: boolean; paused?: boolean },
      ) => {
        const { client } = await context.connect();
        const made = await client.schedules.create({ name, command: runs, argv, paused: paused === true, ...timingInput(options) });
        if (json === true) printJson(made);
        else process.stdout.write(`${made.name} ${made.state === "paused" ? "is paused" : `next runs at ${made.nextAt}`}\n`);
      },
    );
};
