/** `gantry complete`: answers the completion scripts. Says nothing when it has nothing to say: it runs at every press of Tab. */
import { plain } from "../output/plain.ts";
import { declareVerb } from "../program.ts";
import type { Verb, VerbContext } from "../verb.ts";
import { verbs } from "../verbs.ts";
import { type Candidate, type Names, ownNames, sources } from "./names.ts";
import { resolveWords, type Wanted } from "./resolve.ts";

/** A shell that hangs is worse than one without completions. */
const patienceMs = 1000;

export const verb: Verb = (command, context) => {
  command.argument("[words...]", "the words behind `gantry`; the last one is at the cursor").action(async (given: string[]) => {
    const words = given.slice(0, -1);
    const current = given.at(-1) ?? "";
    let names: Names = { candidates: [] };
    try {
      const { wanted, instance, configFile } = await resolveWords(words, current, verbs, (name, entry) =>
        declareVerb(name, entry, context),
      );
      context.choice = { instance, configFile };
      names = await Promise.race([namesOf(wanted, current, context), nothingAfter(patienceMs)]);
    } catch {
      // No daemon, no such name, no right to see it: there is nothing to offer.
    }
    const offered = names.candidates.filter(({ value }) => value.startsWith(current));
    process.stdout.write(`${offered.map(line).join("")}:${names.files ?? ""}\n`);
  });
};

async function namesOf(wanted: Wanted, current: string, context: VerbContext): Promise<Names> {
  const connect = async () => (await context.connect()).client;
  switch (wanted.type) {
    case "verbs": {
      if (current.startsWith("-")) return { candidates: [{ value: "--help" }] };
      const shown = Object.entries(wanted.verbs).filter(([, { hidden }]) => hidden !== true);
      return { candidates: shown.map(([value, { summary }]) => ({ value, description: summary })) };
    }
    case "options":
      return { candidates: wanted.options.map(({ long, short, description }) => ({ value: long ?? short ?? "", description })) };
    case "own":
      return ownNames(await connect(), wanted.command, wanted.words, current);
    case "value": {
      const { kind, choices, before, given, taken } = wanted;
      const names =
        choices === undefined ? await sources[kind]?.(connect, given) : { candidates: choices.map((value): Candidate => ({ value })) };
      if (names === undefined) return { candidates: [] };
      const candidates = names.candidates.filter(({ value }) => !taken.includes(value));
      return { ...names, candidates: candidates.map(({ value, description }) => ({ value: `${before}${value}`, description })) };
    }
    default:
      return { candidates: [] };
  }
}

function nothingAfter(ms: number): Promise<Names> {
  return new Promise((resolve) => void setTimeout(resolve, ms, { candidates: [] }).unref());
}

const longestDescription = 80;

/** The shells read a line each: value, tab, description. */
function line({ value, description = "" }: Candidate): string {
  const text = plain(description).replaceAll(/\s+/g, " ").slice(0, longestDescription);
  return `${plain(value)}${text === "" ? "" : `\t${text}`}\n`;
}
