/** `gantry sessions screen`: what a session shows now. */
import { Option } from "commander";

import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<session>", "its name or id")
    .addOption(new Option("--format <format>", "ansi is text with colours").choices(["text", "ansi", "html"]).default("text"))
    .addHelpText("after", "\nExamples:\n  gantry sessions screen agent\n  gantry sessions screen agent --format html > screen.html")
    .action(async (id: string, { format }: { format: "text" | "ansi" | "html" }) => {
      const { client } = await context.connect();
      process.stdout.write(await client.sessions.screen({ id, format }));
    });
};
