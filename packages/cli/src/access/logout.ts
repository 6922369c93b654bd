/** `gantry keys logout`: signs browsers out. */
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command.argument("<login...>", "ids from gantry keys logins").action(async (ids: string[]) => {
    const { client } = await context.connect();
    for (const id of ids) {
      await client.access.revokeLogin({ id });
      process.stderr.write(`${id} is signed out. What was connected with it has been closed.\n`);
    }
  });
};
