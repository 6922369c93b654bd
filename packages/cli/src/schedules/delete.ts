/** `gantry schedule delete`. */
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command.argument("<schedule...>", "names or ids").action(async (schedules: string[]) => {
    const { client } = await context.connect();
    for (const schedule of schedules) {
      await client.schedules.delete({ schedule });
      process.stdout.write(`${schedule} deleted\n`);
    }
  });
};
