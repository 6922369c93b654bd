/** `gantry keys revoke`. */
import { forEach } from "../each.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<api-key...>", "ids, from gantry keys list")
    .addHelpText("after", "\nExample:\n  gantry keys revoke key_01JZZZZZZZZZZZZZZZZZZZZZZZ")
    .action(async (ids: string[]) => {
      const { client } = await context.connect();
      const revoke = async (id: string) => {
        const { name } = await client.access.revokeKey({ id });
        process.stderr.write(`Revoked ${id} (${name}). What was connected with it has been closed.\n`);
      };
      await forEach(ids, revoke, context);
    });
};
