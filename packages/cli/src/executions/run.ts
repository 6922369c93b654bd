/** `gantry run`: executes a command in the daemon as if it ran here: live output, its exit code, Ctrl-C. */
import type { Verb } from "../verb.ts";
import { runCommand, type RunOptions } from "./run-command.ts";

const collect = (value: string, previous: string[] = []) => [...previous, value];

export const verb: Verb = (command, context) => {
  command
    .usage("[options] <command> [arguments…]")
    .argument("<command>", "a registered command; see: gantry commands list")
    .argument("[arguments...]", "its own options and arguments; --help shows them")
    .option("-d, --detach", "print the execution's id and leave it running")
    .option("-t, --timeout <duration>", "end it after this time, such as 30s, 5m, 1500ms")
    .option("-e, --env <name=value>", "set a variable, or pass the one of this shell by its name alone; repeatable", collect)
    .option("-i, --input <file>", "take the input as JSON from a file, or - for standard input, instead of arguments")
    .option("-C, --cwd <folder>", "run there instead of here")
    .option("--priority <number>", "-100 to 100; higher runs first when there is a queue")
    .option("--queue <queue>", "wait in this queue instead of the command's own; see: gantry queue list")
    .option("--retries <number>", "try again so often when it fails or times out")
    .option("--retry-delay <duration>", "wait at most so long before the first further attempt; doubles with each")
    .option("--delay <duration>", "begin this much later")
    .option("--expires <duration>", "if it has not begun by then, let it be")
    .option("--tag <tag>", "mark it, for gantry history --tag; repeatable", collect)
    .option("--idempotency-key <key>", "with a key used before, answer with that first execution instead of running again")
    .option("--refresh", "run it even if a result of it is cached, and cache the new one")
    .option("--no-cache", "run it apart from the cache: neither take, nor join, nor keep a result")
    .option("--json", "print the outcome as JSON instead of the output")
    .addHelpText(
      "after",
      "\nThe exit code is the command's own; 124 timed out, 130 cancelled, 64 wrong arguments, 69 no daemon.\n\nExamples:\n  gantry run greet --name Ada --shout\n  gantry run greet --help\n  gantry run --detach --timeout 10m count 100\n  gantry run --retries 3 --retry-delay 5s fetch-prices\n  gantry run --input order.json checkout\n  gantry run --detach --delay 10m --expires 1h backup\n  gantry run --idempotency-key nightly-$(date +%F) greet --name Ada",
    )
    .action((name: string, words: string[], options: RunOptions) => runCommand(name, words, options, context));
};
