/** What a session is opened with: a profile's program or the caller's own, its arguments and environment, and who may ask for which. */
import { GantryError, type OpenSessionInput } from "@gantry/contract";

import { type Caller, requirePermission } from "../core/caller.ts";
import type { Hooks } from "./agents/hooks.ts";
import { sessionEnvironment } from "./environment.ts";
import type { PreparedLaunch, Profiles } from "./profiles/service.ts";

interface LaunchingOptions {
  profiles: Profiles;
  hooks: Hooks;
  /** The daemon's own environment, of which a session gets the harmless part. */
  env: Readonly<Record<string, string | undefined>>;
}

interface Launching {
  prepare(id: string, input: OpenSessionInput, caller: Caller): Promise<PreparedLaunch>;
  /** `gantry open cluade` looks for a program of that name: says what was probably meant. */
  explain(error: unknown, input: OpenSessionInput): unknown;
}

export function createLaunching({ profiles, hooks, env }: LaunchingOptions): Launching {
  return {
    async prepare(id, input, caller) {
      const { argv, mode } = input;
      if ((input.profile === undefined) === (argv === undefined)) {
        throw new GantryError("invalidArgument", "Give either a profile or argv, the program and its arguments. Nothing was started.");
      }
      if (input.env !== undefined || input.cwd !== undefined)
        requirePermission(caller, "sessions.openFree", "choose a session's folder or environment");
      if (argv === undefined)
        return profiles.prepare(input, caller, ({ hooks: kind }) => (kind === undefined ? [] : hooks.arguments(id, kind)));
      requirePermission(caller, "sessions.openFree", "open a session of any program");
      if (input.args !== undefined || input.fullAccess !== undefined || input.resume !== undefined)
        throw new GantryError("invalidArgument", "args, fullAccess, and resume belong to a profile, not to argv. Nothing was started.");
      return { mode, argv, env: sessionEnvironment(env, input.env, mode), profile: profiles.recognize(argv), hooks: false };
    },
    explain(error, { argv }) {
      const [near] = argv?.[0] === undefined ? [] : profiles.near(argv[0]);
      if (near === undefined || !(error instanceof GantryError) || error.code !== "programNotFound") return error;
      return new GantryError(error.code, `${error.message} Did you mean the profile ${near}?`, {
        cause: error,
        details: error.details ?? {},
      });
    },
  };
}
