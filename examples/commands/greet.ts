/** The smallest useful command: typed options in, text out. */
import { defineCommand } from "@gantry/client/command";
import { z } from "zod";

export default defineCommand({
  name: "greet",
  summary: "Print a greeting",
  input: z.object({
    name: z.string().min(1).describe("Who is greeted"),
    shout: z.boolean().default(false).describe("In capitals"),
    times: z.int().min(1).max(100).default(1).describe("How often"),
  }),
  positionals: ["name"],
  run({ name, shout, times }) {
    const greeting = `Hello, ${name}!`;
    for (let count = 0; count < times; count += 1) console.log(shout ? greeting.toUpperCase() : greeting);
    return { greeted: name };
  },
});
