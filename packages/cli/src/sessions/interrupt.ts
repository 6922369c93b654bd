/** `gantry sessions interrupt`: presses Ctrl-C in a session. */
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command.argument("<session>", "its name or id").action(async (id: string) => {
    const { client } = await context.connect();
    await client.sessions.interrupt({ id });
  });
};
