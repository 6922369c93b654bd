/** Builds a profile's argument list of what was asked for, and says what the version found does not know. */
import type { ProfileDefinition } from "./definition.ts";

export interface LaunchWishes {
  fullAccess: boolean;
  /** true: the latest conversation. */
  resume: boolean | string;
  headless: boolean;
  /** Of hooks. */
  extra: readonly string[];
  /** The caller's own. */
  args: readonly string[];
}

export interface LaunchArguments {
  args: string[];
  /** What was asked for and cannot be had, each completing the sentence "it …". */
  refusals: string[];
}

/** `words`: what the program's help names; null when that is not known. */
export function launchArguments(profile: ProfileDefinition, words: readonly string[] | null, wishes: LaunchWishes): LaunchArguments {
  const refusals: string[] = [];
  const checked = (what: string, list: readonly string[] | undefined): string[] => {
    if (list === undefined) {
      refusals.push(`has no arguments for ${what}`);
      return [];
    }
    const missing = missingFlags(list, words, profile.help.length > 0);
    if (missing.length > 0) refusals.push(`does not know ${missing.join(", ")}, which ${what} needs`);
    return [...list];
  };
  const resume =
    wishes.resume === false
      ? []
      : checked(
          "resume",
          wishes.resume === true ? profile.resume?.latest : profile.resume?.one.map((part) => part.replace("{id}", String(wishes.resume))),
        );
  const headless = wishes.headless && profile.headless !== undefined ? checked("mode pipe", profile.headless) : [];
  const fullAccess = wishes.fullAccess ? checked("full access", profile.fullAccess) : [];
  const usual = checked("every start", profile.args);
  const optional = profile.optionalArgs.filter((flag) => missingFlags([flag], words, profile.help.length > 0).length === 0);
  const own = profile.ownArgs ?? [];
  return { args: [...resume, ...headless, ...usual, ...own, ...optional, ...fullAccess, ...wishes.extra, ...wishes.args], refusals };
}

/** Flags, and a leading subcommand, that the help does not name. Nothing is known to be missing in a program that is never asked. */
export function missingFlags(list: readonly string[], words: readonly string[] | null, asked: boolean): string[] {
  if (!asked) return [];
  const named = new Set(words);
  return list.filter((part, index) => {
    const flag = part.startsWith("-") ? part.split("=")[0] : index === 0 && /^[a-z][a-z-]*$/.test(part) ? part : undefined;
    return flag !== undefined && !named.has(flag);
  });
}
