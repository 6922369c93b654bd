/** `gantry sessions screen`: what a session shows now. */
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<session>", "its name or id")
    .option("--format <format>", "text, ansi (with colours), or html", "text")
    .addHelpText("after", "\nExamples:\n  gantry sessions screen agent\n  gantry sessions screen agent --format html > screen.html")
    .action(async (id: string, { format }: { format: "text" | "ansi" | "html" }) => {
      const { client } = await context.connect();
      process.stdout.write(await client.sessions.screen({ id, format }));
    });
};
