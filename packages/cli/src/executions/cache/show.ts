/** `gantry cache show`: how much is cached and how often it answered. */
import { printJson } from "../../output/print-json.ts";
import { formatBytes } from "../../output/units.ts";
import type { Verb } from "../../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry cache show\n  gantry cache show --json")
    .action(async ({ json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const status = await client.cache.status();
      if (json === true) {
        printJson(status);
        return;
      }
      const { enabled, entries, bytes, maxBytes, hits, misses } = status;
      const held = enabled
        ? `${entries} results, ${formatBytes(bytes)} of at most ${formatBytes(maxBytes)}`
        : "off (commands.cache is false)";
      process.stdout.write(`cached    ${held}\nanswered  ${hits} of ${hits + misses} requests since the daemon's start\n`);
    });
};
