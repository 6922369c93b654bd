/** `gantry providers drain <name>`. */
import { parseDuration } from "../output/duration.ts";
import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";

interface DrainOptions {
  only?: string;
  deadline: string;
  reason?: string;
  json?: boolean;
}

export const verb: Verb = (command, context) => {
  command
    .argument("<provider>", "the provider's name")
    .option("--only <provider-instance>", "one instance of it, as `gantry providers status` names them")
    .option("-d, --deadline <duration>", "how long calls in flight may go on", "30s")
    .option("-r, --reason <text>", "told to the provider and shown in lists")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nA provider that Gantry runs stays down until it is restarted; one that dials in by itself may come back.\n\nExamples:\n  gantry providers drain calculator\n  gantry providers drain calculator --only 2 --deadline 5s",
    )
    .action(async (name: string, { only, deadline, reason, json }: DrainOptions) => {
      const { client } = await context.connect();
      const drained = await client.providers.drain({
        name,
        deadlineMs: parseDuration(deadline, "--deadline"),
        ...(only === undefined ? {} : { instance: only }),
        ...(reason === undefined ? {} : { reason }),
      });
      if (json === true) {
        printJson(drained);
        return;
      }
      const calls = drained.inflight === 1 ? "1 call" : `${drained.inflight} calls`;
      process.stderr.write(`${plain(name)} takes no more calls (${drained.instances.join(", ")}); ${calls} in flight may finish.\n`);
    });
};
