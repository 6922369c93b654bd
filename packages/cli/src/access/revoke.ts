/** `gantry keys revoke`. */
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command.argument("<api-key>", "the key's id, from gantry keys list").action(async (id: string) => {
    const { client } = await context.connect();
    const { name } = await client.access.revokeKey({ id });
    process.stderr.write(`Revoked ${id} (${name}). What was connected with it has been closed.\n`);
  });
};
