/** A command with a secret field that quotes what it was given when it fails, as careless ones do. */
import { defineCommand } from "@gantry/client/command";
import { z } from "zod";

export default defineCommand({
  name: "sign-in",
  summary: "Sign in somewhere",
  input: z.object({
    user: z.string(),
    token: z
      .string()
      .min(8)
      .regex(/^[a-z0-9-]+$/)
      .meta({ secret: true }),
    fail: z.boolean().default(false),
  }),
  positionals: ["user"],
  run({ user, token, fail }) {
    if (fail) throw new Error(`the server refused ${token}`, { cause: new Error(`token=${token}`) });
    return { user, letters: token.length };
  },
});
