/** `gantry cache clear`: drops cached results. */
import { printJson } from "../../output/print-json.ts";
import type { Verb } from "../../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("[command]", "only of this one")
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry cache clear\n  gantry cache clear build")
    .action(async (name: string | undefined, { json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const { cleared } = await client.cache.clear({ command: name });
      if (json === true) printJson({ cleared });
      else process.stderr.write(`gantry: dropped ${cleared} cached ${cleared === 1 ? "result" : "results"}\n`);
    });
};
