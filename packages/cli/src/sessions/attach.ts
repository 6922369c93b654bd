/** `gantry attach`: shows a session in this terminal and types into it. */
import type { SessionDetail } from "@gantry/contract";

import type { Verb } from "../verb.ts";
import { attachAndReport, checkNesting } from "./attach-and-report.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<session>", "its name or id; see: gantry sessions list")
    .option("-r, --read-only", "watch without typing, and without ever taking control")
    .option("--detach-key <key>", "the key before the letter, such as ctrl-a", "ctrl-\\")
    .addHelpText(
      "after",
      "\nKeys, each after Ctrl-\\:\n  d        detach: the session goes on\n  c        take control back, when another attachment has taken it: only one types and sets the size\n  r        draw the screen anew\n  ?        show these keys\n  Ctrl-\\   type it\n\nThe exit status is the program's own when it ends while attached.\n\nExamples:\n  gantry attach build\n  gantry attach --read-only build",
    )
    .action(async (id: string, { readOnly = false, detachKey }: { readOnly?: boolean; detachKey?: string }) => {
      const { connection } = await context.connect();
      const { sessionId, name, mode } = (await connection.call("sessions.get", { id })) as SessionDetail;
      checkNesting(sessionId);
      await attachAndReport(context, name ?? sessionId, { id: sessionId, mode, readOnly, detachKey, fromStart: mode === "pipe" });
    });
};
