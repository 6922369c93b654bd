/** `gantry providers restart <name>`: exits 69 when an instance did not come up. */
import { parseDuration } from "../output/duration.ts";
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { printSupervision } from "./print-supervision.ts";

const notUp = 69;

interface RestartOptions {
  only?: string;
  deadline: string;
  json?: boolean;
}

export const verb: Verb = (command, context) => {
  command
    .argument("<provider>", "the name of a provider of the configuration")
    .option("--only <provider-instance>", "one instance of it, as `gantry providers status` names them")
    .option("-d, --deadline <duration>", "how long calls in flight may go on first", "10s")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nAlso starts a provider that is stopped. Exits 69 when an instance did not come up; it is tried again all the same.\n\nExamples:\n  gantry providers restart files\n  gantry providers restart files --only 2",
    )
    .action(async (name: string, { only, deadline, json }: RestartOptions) => {
      const { client } = await context.connect();
      const answer = await client.providers.restart({
        name,
        deadlineMs: parseDuration(deadline, "--deadline"),
        ...(only === undefined ? {} : { instance: only }),
      });
      if (answer.instances.some(({ state }) => state !== "running")) context.exitWith(notUp);
      if (json === true) printJson(answer);
      else printSupervision(answer.instances);
    });
};
