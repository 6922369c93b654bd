/** `gantry keys logout`: signs browsers out. */
import { forEach } from "../each.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command.argument("<login...>", "ids from gantry keys logins").action(async (ids: string[]) => {
    const { client } = await context.connect();
    const logout = async (id: string) => {
      await client.access.revokeLogin({ id });
      process.stderr.write(`${id} is signed out. What was connected with it has been closed.\n`);
    };
    await forEach(ids, logout, context);
  });
};
