/** `gantry sessions kill`: ends sessions and everything they started. */
import { forEach } from "../each.ts";
import { plain } from "../output/plain.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<session...>", "names or ids")
    .addHelpText("after", "\nHang-up and TERM first, KILL after five seconds.\n\nExamples:\n  gantry sessions kill build")
    .action(async (ids: string[]) => {
      const { client } = await context.connect();
      const kill = async (id: string) => {
        const { name, sessionId, endReason } = await client.sessions.kill({ id });
        process.stderr.write(`${plain(name ?? sessionId)} ended (${endReason ?? "ended"})\n`);
      };
      await forEach(ids, kill, context, { atOnce: true });
    });
};
