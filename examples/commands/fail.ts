/** Fails on purpose: for seeing how an error, an exit code, and standard error arrive. */
import { defineCommand } from "@gantry/client/command";
import { z } from "zod";

export default defineCommand({
  name: "fail",
  summary: "Fail with a message, or exit with a code",
  input: z.object({
    message: z.string().default("this command always fails").describe("The error's message"),
    exitCode: z.int().min(0).max(255).optional().describe("Leave the process with this code instead of throwing"),
  }),
  run({ message, exitCode }) {
    console.error("about to fail");
    if (exitCode !== undefined) process.exit(exitCode);
    throw new Error(message);
  },
});
