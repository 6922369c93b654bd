/** `gantry open`: starts a program in a session of its own and attaches to it. */
import { resolve } from "node:path";

import type { Session } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";
import { maxCols, maxRows } from "@gantry/contract/session-protocol";

import type { Verb } from "../verb.ts";
import { attachAndReport } from "./attach-and-report.ts";

interface OpenOptions {
  detach?: boolean;
  name?: string;
  cwd?: string;
  detachKey?: string;
  pipe?: boolean;
  tag?: string[];
  json?: boolean;
}

const collect = (value: string, previous: string[] = []): string[] => [...previous, value];
const longestValue = 131_072;

export const verb: Verb = (command, context) => {
  command
    .usage("[options] <profile> | [--] <program> [arguments…]")
    .argument("<words...>", "`shell`, or a program and its arguments")
    .option("-d, --detach", "print the session's id and leave it running")
    .option("-n, --name <name>", "a name to type instead of the id")
    .option("-C, --cwd <folder>", "run there instead of here")
    .option("--pipe", "pipes instead of a terminal: stdout and stderr stay apart")
    .option("--tag <tag>", "mark it; repeatable", collect)
    .option("--detach-key <key>", "the key before d that detaches, such as ctrl-a", "ctrl-\\")
    .option("--json", "with --detach: print the session as JSON")
    .addHelpText(
      "after",
      "\nDetach with Ctrl-\\ then d: the session goes on, without this terminal and even without the daemon.\n\nExamples:\n  gantry open shell\n  gantry open --name notes -- vim notes.txt\n  gantry open --detach --name watch -- npm test -- --watch",
    )
    .action(async (words: string[], options: OpenOptions) => {
      const { connection } = await context.connect();
      const size = { cols: Math.min(process.stdout.columns || 80, maxCols), rows: Math.min(process.stdout.rows || 24, maxRows) };
      const session = (await connection.call("sessions.open", {
        ...(words.length === 1 && words[0] === "shell" ? { profile: "shell" } : { argv: words }),
        ...(options.name === undefined ? {} : { name: options.name }),
        ...(options.pipe === true ? { mode: "pipe" } : {}),
        ...(options.tag === undefined ? {} : { tags: options.tag }),
        cwd: folder(options.cwd),
        env: environment(),
        ...size,
      })) as Session;
      const label = session.name ?? session.sessionId;
      if (options.detach === true) {
        if (options.json === true) process.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...session }, null, 2)}\n`);
        else process.stdout.write(`${session.sessionId}\n`);
        if (process.stderr.isTTY) process.stderr.write(`Attach with: gantry attach ${label}\n`);
        return;
      }
      await attachAndReport(context, label, { id: session.sessionId, readOnly: false, detachKey: options.detachKey, fromStart: true });
    });
};

function folder(given: string | undefined): string {
  if (given !== undefined) return resolve(given);
  try {
    return process.cwd();
  } catch (cause) {
    throw new GantryError("invalidArgument", "This folder has been deleted: choose another with --cwd.", { cause });
  }
}

/** The shell's own, but for what only a shell can have in it (exported functions). */
function environment(): Record<string, string> {
  const entries = Object.entries(process.env) as [string, string][];
  return Object.fromEntries(entries.filter(([name, value]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && value.length <= longestValue));
}
