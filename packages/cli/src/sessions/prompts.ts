/** `gantry sessions prompts`: what an agent was given, and what waits. */
import pc from "picocolors";

import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import { formatAge } from "../output/units.ts";
import type { Verb } from "../verb.ts";
import { firstLine } from "./first-line.ts";

const paints: Record<string, (text: string) => string> = { submitted: pc.green, queued: pc.yellow, failed: pc.red, done: pc.dim };

export const verb: Verb = (command, context) => {
  command
    .argument("<session>", "its name or id")
    .option("--cancel <prompt>", "take one that waits out of the queue")
    .option("--output <prompt>", "print what the agent printed in answer to one")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  gantry sessions prompts fix\n  gantry sessions prompts fix --cancel prm_01JD…\n  gantry sessions prompts fix --output prm_01JD…",
    )
    .action(async (id: string, { cancel, output, json = false }: { cancel?: string; output?: string; json?: boolean }) => {
      const { client } = await context.connect();
      if (cancel !== undefined) {
        const prompt = await client.sessions.cancelPrompt({ id, promptId: cancel });
        if (json) printJson(prompt);
        else process.stderr.write(`${cancel} is cancelled\n`);
        return;
      }
      if (output !== undefined) {
        const prompt = await client.sessions.prompt({ id, promptId: output });
        if (json) printJson(prompt);
        else process.stdout.write(prompt.output ?? "");
        return;
      }
      const { items } = await client.sessions.prompts({ id });
      if (json) {
        printJson({ items });
        return;
      }
      if (items.length === 0) {
        process.stderr.write("No prompts yet. Send one with: gantry sessions send\n");
        return;
      }
      printTable(
        [
          { head: "PROMPT", value: ({ promptId }) => promptId },
          { head: "STATE", value: ({ state }) => state, paint: (text, { state }) => paints[state]?.(text) ?? text },
          { head: "GIVEN", value: ({ createdAt }) => formatAge(createdAt) },
          { head: "TEXT", value: ({ text, error }) => `${firstLine(text)}${error === null ? "" : ` (${error})`}` },
        ],
        items,
      );
    });
};
