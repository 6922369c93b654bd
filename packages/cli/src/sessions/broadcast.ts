/** `gantry sessions broadcast`: shows a notice to everybody attached to a session. */
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<session>", "its name or id")
    .argument("<words...>", "the notice; the program does not see it")
    .addHelpText("after", "\nExamples:\n  gantry sessions broadcast build I restart this at noon")
    .action(async (id: string, words: string[]) => {
      const { client } = await context.connect();
      const { recipients } = await client.sessions.broadcast({ id, message: words.join(" ") });
      process.stderr.write(`shown to ${recipients === 1 ? "1 attachment" : `${recipients} attachments`}\n`);
    });
};
