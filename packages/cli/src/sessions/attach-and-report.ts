/** What `gantry attach` and `gantry open` have in common: attach, then tell how it ended, as an exit status and in a sentence. */
import { constants } from "node:os";

import { GantryError } from "@gantry/contract/errors";

import { plain } from "../output/plain.ts";
import type { VerbContext } from "../verb.ts";
import { attachTerminal, type AttachTerminalOptions } from "./attach-terminal.ts";

const lostStatus = 69;

/** An attachment inside an attachment works, but its detach key goes to the outer one. */
export function checkNesting(sessionId: string): void {
  const outer = process.env.GANTRY_SESSION_ID;
  if (outer === undefined) return;
  if (outer === sessionId) {
    throw new GantryError(
      "conflict",
      "This is the session itself: attached to itself it would show its own output without end. Use another terminal.",
    );
  }
  process.stderr.write(
    `gantry: this terminal is itself session ${plain(outer)}; to detach from the inner one, press Ctrl-\\ twice, then d\n`,
  );
}

export async function attachAndReport(context: VerbContext, label: string, options: Omit<AttachTerminalOptions, "choice">): Promise<void> {
  const outcome = await attachTerminal({ ...options, choice: context.choice });
  const name = plain(label);
  if (outcome.detached) {
    process.stderr.write(`\n[detached from ${name}; attach again with: gantry attach ${name}]\n`);
    return;
  }
  const { state, exitCode, signal, reason } = outcome.exit;
  if (state === "lost") {
    process.stderr.write(`\n[${name} was lost: its process host died]\n`);
    context.exitWith(lostStatus);
    return;
  }
  const how = signal === null || signal === undefined ? `exit code ${exitCode ?? "unknown"}` : signal;
  process.stderr.write(`\n[${name} ended: ${reason === "exited" ? how : `${reason}, ${how}`}]\n`);
  const number = constants.signals[(signal ?? "") as NodeJS.Signals] as number | undefined;
  context.exitWith(number === undefined ? (exitCode ?? 1) : 128 + number);
}
