/** `gantry open`: starts a program in a session of its own and attaches to it. */
import { resolve } from "node:path";

import type { LocalClient } from "@gantry/client/node";
import type { OpenSessionInput, Session } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";
import { maxCols, maxRows } from "@gantry/contract/session-protocol";

import type { Verb } from "../verb.ts";
import { attachAndReport } from "./attach-and-report.ts";
import { createAttachKeys } from "./attach-keys.ts";

interface OpenWishes {
  fullAccess?: boolean;
  resume?: boolean | string;
  conversation?: string;
}

interface OpenOptions extends OpenWishes {
  detach?: boolean;
  name?: string;
  cwd?: string;
  detachKey?: string;
  pipe?: boolean;
  tag?: string[];
  record?: boolean;
  recordInput?: boolean;
  json?: boolean;
}

const collect = (value: string, previous: string[] = []): string[] => [...previous, value];
const longestValue = 131_072;
const detachedSettleMs = 300;

export const verb: Verb = (command, context) => {
  command
    .usage("[options] <profile> [arguments…] | [options] -- <program> [arguments…]")
    .argument("<words...>", "a profile (see gantry profiles), or a program, and arguments")
    .option("-d, --detach", "print the session's id and leave it running")
    .option("--full-access", "with the arguments that let an agent act without asking")
    .option("--resume", "continue the agent's latest conversation")
    .option("--conversation <id>", "continue the agent's conversation with this id")
    .option("-n, --name <name>", "a name to type instead of the id")
    .option("-C, --cwd <folder>", "run there instead of here")
    .option("--pipe", "pipes instead of a terminal: stdout and stderr stay apart")
    .option("--tag <tag>", "mark it; repeatable", collect)
    .option("--record", "record what it prints, for: gantry sessions replay")
    .option("--record-input", "record what is typed as well, passwords included")
    .option("--detach-key <key>", "the key before the letter, such as ctrl-a", "ctrl-\\")
    .option("--json", "with --detach: print the session as JSON")
    .addHelpText(
      "after",
      "\nDetach with Ctrl-\\ then d: the session goes on, without this terminal and even without the daemon. Ctrl-\\ then ? shows the other keys.\n\nA first word that names a profile opens that; after -- it is always a program.\n\nExamples:\n  gantry open shell\n  gantry open claude\n  gantry open --resume --name fix claude\n  gantry open --name notes -- vim notes.txt\n  gantry open --detach --name watch -- npm test -- --watch",
    )
    .action(async (words: string[], options: OpenOptions) => {
      // A key that cannot be is said before anything is started.
      createAttachKeys(options.detachKey);
      const { client, connection } = await context.connect();
      const size = { cols: Math.min(process.stdout.columns || 80, maxCols), rows: Math.min(process.stdout.rows || 24, maxRows) };
      const session = (await connection.call("sessions.open", {
        ...(await whatToOpen(words, options, client)),
        ...(options.name === undefined ? {} : { name: options.name }),
        ...(options.pipe === true ? { mode: "pipe" } : {}),
        ...(options.record === true || options.recordInput === true ? { record: true, recordInput: options.recordInput === true } : {}),
        ...(options.tag === undefined ? {} : { tags: options.tag }),
        // Attached, its last words and its exit status are seen anyway.
        settleMs: options.detach === true ? detachedSettleMs : 0,
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
      await attachAndReport(context, label, {
        id: session.sessionId,
        mode: session.mode,
        readOnly: false,
        detachKey: options.detachKey,
        fromStart: true,
      });
    });
};

/** Behind `--` stands a program; otherwise a first word that names a profile means that. */
async function whatToOpen(
  words: string[],
  { fullAccess, conversation, resume = conversation }: OpenWishes,
  client: LocalClient["client"],
): Promise<Partial<OpenSessionInput>> {
  const [first = "", ...args] = words;
  const wishes = { ...(fullAccess === undefined ? {} : { fullAccess }), ...(resume === undefined ? {} : { resume }) };
  const wished = Object.keys(wishes).length > 0;
  const isProgram = process.argv.at(-words.length - 1) === "--" || first.includes("/");
  if (isProgram && !wished) return { argv: words };
  if (isProgram)
    throw new GantryError(
      "invalidArgument",
      "--full-access, --resume, and --conversation belong to a profile, not to a program of your own.",
    );
  const known = wished || (await client.sessions.profiles({ probe: false })).items.some(({ name }) => name === first);
  return known ? { profile: first, ...(args.length === 0 ? {} : { args }), ...wishes } : { argv: words };
}

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
