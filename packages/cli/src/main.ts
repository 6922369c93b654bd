/** The `gantry` command: finds the verb, loads its one file, runs it, and turns failures into messages and exit codes. */
import type { LocalClient } from "@gantry/client/node";
import { GantryError } from "@gantry/contract/errors";
import { Command, CommanderError } from "commander";

import { printError } from "./output/print-error.ts";
import type { VerbContext, VerbEntry } from "./verb.ts";
import { verbs } from "./verbs.ts";

const usageError = 64;

async function main(argv: string[]): Promise<number> {
  let status = 0;
  let local: LocalClient | undefined;
  const context: VerbContext = {
    choice: {},
    async connect() {
      const { connectLocal } = await import("@gantry/client/node");
      return (local ??= await connectLocal(context.choice));
    },
    exitWith: (given) => void (status = given),
  };
  const program = new Command("gantry")
    .description("One local daemon that finds, runs, streams, and stops what you drive from a command line")
    .showHelpAfterError("(add --help for the usage)")
    .enablePositionalOptions();
  await addVerbs(program, verbs, argv, context);
  try {
    await program.parseAsync(argv, { from: "user" });
    return status;
  } finally {
    local?.close();
  }
}

/** Only the verb on the path is loaded; its siblings are there by name, for help and for suggestions. */
async function addVerbs(parent: Command, entries: Record<string, VerbEntry>, argv: string[], context: VerbContext): Promise<void> {
  parent.exitOverride();
  for (const [name, entry] of Object.entries(entries)) {
    const command = parent.command(name).summary(entry.summary).description(entry.summary);
    if (name !== argv[0] && !(argv[0] === "help" && name === argv[1])) continue;
    const rest = argv.slice(argv[0] === "help" ? 2 : 1);
    if (entry.verbs !== undefined) await addVerbs(command, entry.verbs, rest, context);
    else if (entry.load !== undefined) await configure(command, entry, context);
  }
}

async function configure(command: Command, entry: VerbEntry, context: VerbContext): Promise<void> {
  const { verb } = await (entry.load as NonNullable<VerbEntry["load"]>)();
  command.exitOverride();
  command.option("--instance <name>", "the instance (default: of GANTRY_INSTANCE, the nearest gantry.toml, or `default`)");
  command.option("--config <file>", "a configuration file instead of the nearest gantry.toml");
  if (entry.passThrough === true) command.passThroughOptions();
  command.hook("preAction", () => {
    const { instance, config } = command.opts<{ instance?: string; config?: string }>();
    context.choice = { instance, configFile: config };
  });
  verb(command, context);
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    process.exitCode =
      error instanceof CommanderError ? (error.exitCode === 0 ? 0 : usageError) : error instanceof GantryError ? error.exitCode : 125;
    // Commander has already printed its own message.
    if (!(error instanceof CommanderError)) printError(error);
  },
);

// A reader that closes early (`gantry ps | head`) is no failure.
process.stdout.on("error", (error: { code?: string }) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
