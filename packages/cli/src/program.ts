/** Parses the command line with commander; only the verb that is asked for is loaded. */
import { errorCodes } from "@gantry/contract/errors";
import { Command, CommanderError } from "commander";

import { packageVersion } from "./package-version.ts";
import type { VerbContext, VerbEntry } from "./verb.ts";
import { verbs } from "./verbs.ts";

export async function runProgram(argv: string[], context: VerbContext): Promise<void> {
  const program = new Command("gantry")
    .description("One local daemon that finds, runs, streams, and stops what you drive from a command line")
    .version(`gantry ${packageVersion()}`, "-V, --version", "print the version of this program; `gantry version` asks the daemon, too")
    .showHelpAfterError("(add --help for the usage)")
    .enablePositionalOptions();
  await addVerbs(program, verbs, argv, context);
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has already said what is wrong, or shown the help that was asked for.
    context.exitWith(error.exitCode === 0 ? 0 : usageError);
  }
}

const usageError = errorCodes.invalidArgument.exitCode;

/** The verb's siblings are there by name, for help and for suggestions. */
async function addVerbs(parent: Command, entries: Record<string, VerbEntry>, argv: string[], context: VerbContext): Promise<void> {
  parent.exitOverride();
  for (const [name, entry] of Object.entries(entries)) {
    const command = parent
      .command(name, { hidden: entry.hidden === true })
      .summary(entry.summary)
      .description(entry.summary);
    if (name !== argv[0] && !(argv[0] === "help" && name === argv[1])) continue;
    const rest = argv.slice(argv[0] === "help" ? 2 : 1);
    if (entry.verbs !== undefined) await addVerbs(command, entry.verbs, rest, context);
    else if (entry.load !== undefined) await configure(command, entry, context);
  }
}

/** A verb by itself, with everything that it takes, for those who ask instead of running it. */
export async function declareVerb(name: string, entry: VerbEntry, context: VerbContext): Promise<Command> {
  const command = new Command(name);
  await configure(command, entry, context);
  return command;
}

async function configure(command: Command, entry: VerbEntry, context: VerbContext): Promise<void> {
  const { verb } = await (entry.load as NonNullable<VerbEntry["load"]>)();
  command.exitOverride();
  command.option("--instance <instance>", "the instance (default: of GANTRY_INSTANCE, the nearest gantry.toml, or `default`)");
  command.option("--config <file>", "a configuration file instead of the nearest gantry.toml");
  if (entry.passThrough === true) command.passThroughOptions();
  command.hook("preAction", () => {
    const { instance, config } = command.opts<{ instance?: string; config?: string }>();
    context.choice = { instance, configFile: config };
  });
  verb(command, context);
}
