/** `gantry schedule trigger`: a tick by hand. */
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<schedule>", "a name or id; see: gantry schedule list")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nPrints the execution's id.\n\nExample:\n  gantry wait $(gantry schedule trigger nightly)")
    .action(async (schedule: string, { json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const tick = await client.schedules.trigger({ schedule });
      if (json === true) printJson(tick);
      else if (tick.executionId === null) process.stderr.write(`${schedule} ${tick.state}: ${tick.error?.message ?? "it waits"}\n`);
      else process.stdout.write(`${tick.executionId}\n`);
    });
};
