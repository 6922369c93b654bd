/** Profiles: named recipes for sessions, above all of AI coding agents. */
import { z } from "zod";

import { operation } from "./operation.ts";
import { Timestamp } from "./primitives.ts";

export const Profile = z.object({
  name: z.string(),
  source: z.enum(["builtIn", "configuration"]),
  extends: z.string().nullable(),
  /** As configured; looked up on the PATH. */
  binary: z.string(),
  /** Where it was found. */
  path: z.string().nullable(),
  version: z.string().nullable(),
  /** It was found, and nothing that opening it needs is missing. */
  available: z.boolean(),
  /** Judged by the files and variables that it keeps its sign-in in; null when that cannot be told. */
  signedIn: z.boolean().nullable(),
  /** What it can be opened with, as far as the version found offers it. */
  features: z.object({ resume: z.boolean(), headless: z.boolean(), fullAccess: z.boolean(), hooks: z.boolean() }),
  /** What is missing or wrong, each with what to do about it. */
  problems: z.array(z.string()),
  /** When the program was last asked for its version and flags; null when it was not. */
  probedAt: Timestamp.nullable(),
});
export type Profile = z.infer<typeof Profile>;

export const profileOperations = {
  profiles: operation({
    method: "GET",
    path: "/profiles",
    permission: "sessions.read",
    summary: "List the profiles that sessions can be opened by, and whether their programs are there and fit",
    input: z.object({
      /** Ask programs that have not been asked since their file changed; otherwise only what is known already. */
      probe: z.stringbool().or(z.boolean()).default(true),
      /** Ask the programs for version and flags again, even if their files have not changed. Needs the right to open sessions. */
      refresh: z.stringbool().or(z.boolean()).default(false),
    }),
    output: z.object({ items: z.array(Profile) }),
  }),
};
