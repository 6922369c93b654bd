/** `gantry sessions send`: types a text into a session and presses Enter. */
import { text as readAll } from "node:stream/consumers";

import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<session>", "its name or id")
    .argument("[words...]", "what to type; standard input when left out or -")
    .option("--no-enter", "do not press Enter")
    .addHelpText("after", "\nExamples:\n  gantry sessions send build make test\n  git diff | gantry sessions send agent -")
    .action(async (id: string, words: string[], { enter }: { enter: boolean }) => {
      const { client } = await context.connect();
      const typed =
        words.length === 0 || (words.length === 1 && words[0] === "-")
          ? (await readAll(process.stdin)).replace(/\n$/, "")
          : words.join(" ");
      await client.sessions.send({ id, text: typed, enter });
    });
};
