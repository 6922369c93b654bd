/** `gantry commands show`. */
import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<command>", "a registered command; see: gantry commands list")
    .option("--json", "print as JSON, with the JSON Schema of its input")
    .addHelpText("after", "\nExamples:\n  gantry commands show greet\n  gantry commands show --json greet")
    .action(async (name: string, { json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const described = await client.commands.get({ name });
      if (json === true) {
        printJson(described);
        return;
      }
      const { usage, kind, source, timeoutMs, argvTemplate } = described;
      const program = argvTemplate === undefined ? "" : `Runs: ${argvTemplate.map((word) => JSON.stringify(word)).join(" ")}\n`;
      process.stdout.write(
        `${plain(usage)}\n${plain(program)}A ${kind} of ${plain(source)}, ended after ${timeoutMs / 1000} s unless told otherwise.\n`,
      );
    });
};
