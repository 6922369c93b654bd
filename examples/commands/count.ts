/** Prints slowly and says how far it is: for watching live output, progress, and cancelling. */
import { setTimeout as sleep } from "node:timers/promises";

import { defineCommand } from "@gantry/client/command";
import { z } from "zod";

export default defineCommand({
  name: "count",
  summary: "Count slowly, one line at a time",
  input: z.object({
    to: z.int().min(1).default(5).describe("The last number"),
    delayMs: z.int().min(0).default(500).describe("Pause between two numbers"),
  }),
  positionals: ["to"],
  async run({ to, delayMs }, { signal, progress }) {
    for (let number = 1; number <= to; number += 1) {
      console.log(number);
      progress(number, to);
      // Passing the signal on is what makes a cancelled command stop at once instead of being killed.
      await sleep(delayMs, undefined, { signal });
    }
    return to;
  },
});
