/** The profiles there are, whether their programs are there and fit, and how to start them. */
import { basename } from "node:path";

import { GantryError, type OpenSessionInput, type Profile } from "@gantry/contract";

import { type Caller, requirePermission } from "../../core/caller.ts";
import { toTimestamp } from "../../core/clock.ts";
import { nearest } from "../../core/nearest.ts";
import { launchArguments, missingFlags } from "./arguments.ts";
import { anyExists, describeSearch, findBinary } from "./find.ts";
import type { ProbeAnswer, Prober } from "./probe.ts";
import type { ResolvedProfile } from "./resolve.ts";

export interface ProfilesOptions {
  /** Asked each time: it may change at any time. */
  profiles(): ReadonlyMap<string, ResolvedProfile>;
  prober: Prober;
  /** What a session finds in its environment, given what its opener added. */
  environment(given: Readonly<Record<string, string>> | undefined): Record<string, string>;
  homeDirectory: string;
  /** Whether hooks of that form can be given here. */
  hooksFit(kind: NonNullable<ResolvedProfile["hooks"]>): Promise<boolean>;
}

export interface PreparedLaunch {
  mode: "pty" | "pipe";
  argv: string[];
  env: Record<string, string>;
  /** By whose rules it is read; undefined for a program that is not known. */
  profile: ResolvedProfile | undefined;
  /** Whether it was given hooks. */
  hooks: boolean;
}

export interface Profiles {
  list(how: { refresh: boolean; probe: boolean }, caller: Caller): Promise<Profile[]>;
  /** `hookArguments`: added when the version found knows them. Rejects with what is missing; nothing has been started then. */
  prepare(input: OpenSessionInput, caller: Caller, hookArguments: (profile: ResolvedProfile) => readonly string[]): Promise<PreparedLaunch>;
  /** The profile whose program this is, for programs that were not opened by one. */
  recognize(argv: readonly string[]): ResolvedProfile | undefined;
  /** What stops a turn of it: Ctrl-C unless its profile says otherwise. */
  interruptKey(profile: string | null): Uint8Array;
  /** For a name that was not found. */
  near(name: string): string[];
}

/** Those that give the terminal to what they start, and take it back. */
const shells = new Set(["bash", "zsh", "fish", "dash", "ksh", "sh"]);

export function createProfiles({ profiles, prober, environment, homeDirectory, hooksFit }: ProfilesOptions): Profiles {
  const get = (name: string): ResolvedProfile => {
    const profile = profiles().get(name);
    if (profile !== undefined) return profile;
    const suggestions = nearest(name, profiles().keys());
    throw new GantryError(
      "notFound",
      `There is no profile ${name}. There are: ${[...profiles().keys()].join(", ")}. Nothing was started.`,
      {
        details: { suggestions },
      },
    );
  };
  const signedIn = async ({ signIn }: ResolvedProfile, env: Readonly<Record<string, string>>): Promise<boolean | null> => {
    if (signIn === undefined) return null;
    return signIn.env.some((name) => (env[name] ?? "") !== "") || (await anyExists(signIn.files, homeDirectory));
  };

  const describe = async (profile: ResolvedProfile, refresh: boolean, mayAsk: boolean): Promise<Profile> => {
    const env = environment(profile.env);
    const path = await findBinary(profile, env.PATH, homeDirectory);
    const { help } = profile;
    let answer: ProbeAnswer | undefined;
    if (path !== undefined && help.length > 0)
      answer = mayAsk ? await prober.probe(path, help, environment(undefined), refresh) : await prober.peek(path, help);
    const problems: string[] = [];
    if (path === undefined) problems.push(`not found: looked for ${describeSearch(profile, env.PATH)}. To install: ${profile.install}`);
    problems.push(...(answer?.problems ?? []));
    const words = answer?.words ?? null;
    const knows = (what: string, list: readonly string[] | undefined): boolean => {
      if (list === undefined) return false;
      if (path === undefined || (help.length > 0 && answer === undefined)) return true;
      const missing = missingFlags(list, words, help.length > 0);
      if (missing.length > 0) problems.push(`${what}: this version does not know ${missing.join(", ")}`);
      return missing.length === 0;
    };
    const usual = knows("start", profile.args);
    const features = {
      resume: knows("resume", profile.resume?.latest) && profile.resume !== undefined,
      headless: knows("headless", profile.headless),
      fullAccess: knows("full access", profile.fullAccess),
      hooks:
        profile.hooks !== undefined && (profile.hooks !== "claude" || knows("hooks", ["--settings"])) && (await hooksFit(profile.hooks)),
    };
    return {
      name: profile.name,
      source: profile.source,
      extends: profile.extends,
      binary: profile.binary,
      path: path ?? null,
      version: answer?.version ?? null,
      available: path !== undefined && usual,
      signedIn: path === undefined ? null : await signedIn(profile, env),
      features,
      problems,
      probedAt: answer === undefined ? null : toTimestamp(answer.probedAtMs),
    };
  };

  return {
    list({ refresh, probe }, caller) {
      const mayAsk = (probe || refresh) && caller.permissions.has("sessions.open");
      if (refresh) requirePermission(caller, "sessions.open", "have programs asked for their version");
      return Promise.all([...profiles().values()].map((profile) => describe(profile, refresh, mayAsk)));
    },
    async prepare(input, caller, hookArguments) {
      const profile = get(input.profile as string);
      const fullAccess = input.fullAccess ?? profile.alwaysFullAccess ?? false;
      if (fullAccess && profile.alwaysFullAccess !== true) requirePermission(caller, "sessions.openFree", "open an agent with full access");
      if (input.resume !== undefined && input.resume !== false)
        requirePermission(caller, "sessions.openFree", "continue a conversation of the owner's");
      if (input.args !== undefined) requirePermission(caller, "sessions.openFree", "give a profile arguments of its own");
      // What the opener has around it does not undo what the profile is configured with.
      const env = environment({ ...input.env, ...profile.env });
      const path = await findBinary(profile, env.PATH, homeDirectory);
      if (path === undefined) {
        throw new GantryError(
          "programNotFound",
          `Profile ${profile.name}: the program was not found. It was looked for ${describeSearch(profile, env.PATH)}. Install it with: ${profile.install}. Nothing was started.`,
          { details: { profile: profile.name, program: profile.binary } },
        );
      }
      const { help } = profile;
      // A start with nothing to check does not wait for the program to be asked.
      const words = help.length === 0 ? null : (await prober.probe(path, help, environment(undefined), false)).words;
      const extra = input.mode === "pty" ? hookArguments(profile) : [];
      const fits = profile.hooks !== undefined && (await hooksFit(profile.hooks));
      const hooks = fits && missingFlags(extra, words, help.length > 0).length === 0;
      const { args, refusals } = launchArguments(profile, words, {
        fullAccess,
        resume: input.resume ?? false,
        headless: input.mode === "pipe",
        extra: hooks ? extra : [],
        args: input.args ?? [],
      });
      if (refusals.length > 0) {
        throw new GantryError(
          "cannotExecute",
          `Profile ${profile.name}: ${path} ${refusals.join("; it ")}. Update it, or leave that out. Nothing was started. See: gantry profiles`,
          { details: { profile: profile.name, program: path } },
        );
      }
      return { mode: input.mode, profile, argv: [path, ...args], env, hooks: hooks && input.mode === "pty" };
    },
    recognize([program = ""]) {
      const name = basename(program);
      if (shells.has(name)) return profiles().get("shell");
      return [...profiles().values()].find(({ kind, binary }) => kind === "agent" && basename(binary) === name);
    },
    interruptKey: (name) => Buffer.from(profiles().get(name ?? "")?.interruptKey === "escape" ? "\u001b" : "\u0003"),
    near: (name) => nearest(name, profiles().keys()),
  };
}
