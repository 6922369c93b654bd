/** Finds out what a half-typed command line wants next, from the verbs' own declarations. */
import type { Command, Option } from "commander";

import type { VerbEntry } from "../verb.ts";

/** What may stand where the cursor is. */
export type Wanted =
  | { type: "nothing" }
  | { type: "verbs"; verbs: Record<string, VerbEntry> }
  | { type: "options"; options: readonly Option[] }
  | WantedValue
  /** A word of a registered command's own. */
  | { type: "own"; command: string; words: readonly string[] };

/** A word that the placeholder `kind` stands for. */
export interface WantedValue {
  type: "value";
  kind: string;
  choices: readonly string[] | undefined;
  /** The part of the word that is already fixed, such as `--instance=`. */
  before: string;
  /** The arguments before. */
  given: readonly string[];
  /** Those of them that are of the same list, which wants none twice. */
  taken: readonly string[];
}

export interface Resolved {
  wanted: Wanted;
  /** What --instance and --config say so far. */
  instance?: string;
  configFile?: string;
}

/** `words` stand before the cursor, `current` is the word at it, perhaps empty. `load` declares a verb's arguments. */
export async function resolveWords(
  words: readonly string[],
  current: string,
  verbs: Record<string, VerbEntry>,
  load: (name: string, entry: VerbEntry) => Promise<Command>,
): Promise<Resolved> {
  const forHelp = words[0] === "help";
  let entries = verbs;
  for (const [index, word] of words.entries()) {
    if (word.startsWith("-") || (forHelp && index === 0)) continue;
    const entry = Object.hasOwn(entries, word) ? (entries[word] as VerbEntry) : undefined;
    if (entry === undefined) return { wanted: { type: "nothing" } };
    if (entry.verbs === undefined) {
      if (forHelp) return { wanted: { type: "nothing" } };
      return resolveVerb(await load(word, entry), entry.passThrough === true, words.slice(index + 1), current);
    }
    entries = entry.verbs;
  }
  return { wanted: { type: "verbs", verbs: entries } };
}

function resolveVerb(command: Command, passThrough: boolean, words: readonly string[], current: string): Resolved {
  const used = new Set<Option>();
  const given: string[] = [];
  const values = new Map<string, string>();
  let open: Option | undefined;
  let optionsEnded = false;
  for (const word of words) {
    const found = optionsEnded || open !== undefined ? undefined : findOption(command, word);
    if (open !== undefined) {
      values.set(open.attributeName(), word);
      open = undefined;
    } else if (found !== undefined) {
      used.add(found.option);
      if (found.value !== undefined) values.set(found.option.attributeName(), found.value);
      else if (found.option.required) open = found.option;
    } else if (!optionsEnded && word === "--") optionsEnded = true;
    else if (optionsEnded || !word.startsWith("-") || word === "-") {
      given.push(word);
      optionsEnded ||= passThrough;
    }
  }
  const instance = values.get("instance");
  const configFile = values.get("config");
  return {
    wanted: wantedOf(command, { used, given, open, optionsEnded }, current),
    ...(instance === undefined ? {} : { instance }),
    ...(configFile === undefined ? {} : { configFile }),
  };
}

interface Typed {
  used: ReadonlySet<Option>;
  given: readonly string[];
  open: Option | undefined;
  optionsEnded: boolean;
}

function wantedOf(command: Command, { used, given, open, optionsEnded }: Typed, current: string): Wanted {
  if (open !== undefined) return valueOf(open, "", given);
  if (!optionsEnded && current.startsWith("-")) {
    const attached = current.startsWith("--") && current.includes("=") ? findOption(command, current) : undefined;
    if (attached !== undefined) return valueOf(attached.option, current.slice(0, current.indexOf("=") + 1), given);
    // An option that collects its values may be given again.
    const options = command.createHelp().visibleOptions(command);
    return { type: "options", options: options.filter((option) => !used.has(option) || option.parseArg !== undefined) };
  }
  const declared = command.registeredArguments;
  const argument = declared[given.length] ?? declared.findLast(({ variadic }) => variadic);
  if (argument === undefined) return { type: "nothing" };
  const runs = declared.findIndex((one) => one.name() === "command");
  if (argument.name() === "arguments" && runs >= 0) return { type: "own", command: given[runs] ?? "", words: given.slice(runs + 1) };
  const taken = argument.variadic ? given.slice(declared.indexOf(argument)) : [];
  return { type: "value", kind: argument.name(), choices: argument.argChoices, before: "", given, taken };
}

function findOption(command: Command, word: string): { option: Option; value: string | undefined } | undefined {
  const equals = word.startsWith("--") ? word.indexOf("=") : -1;
  const name = equals < 0 ? word : word.slice(0, equals);
  const exact = command.options.find(({ long, short }) => long === name || short === name);
  if (exact !== undefined) return { option: exact, value: equals < 0 ? undefined : word.slice(equals + 1) };
  const short = word.startsWith("--") ? undefined : command.options.find((option) => option.required && option.short === word.slice(0, 2));
  return short === undefined ? undefined : { option: short, value: word.slice(2) };
}

function valueOf(option: Option, before: string, given: readonly string[]): Wanted {
  const kind = /<([^>]+?)(?:\.\.\.)?>/.exec(option.flags)?.[1];
  return kind === undefined ? { type: "nothing" } : { type: "value", kind, choices: option.argChoices, before, given, taken: [] };
}
