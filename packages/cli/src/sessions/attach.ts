/** `gantry attach`: shows a session in this terminal and types into it. */
import type { SessionDetail } from "@gantry/contract";

import type { Verb } from "../verb.ts";
import { attachAndReport, checkNesting } from "./attach-and-report.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<session>", "its name or id; see: gantry sessions list")
    .option("-r, --read-only", "watch without typing")
    .option("--detach-key <key>", "the key before d that detaches, such as ctrl-a", "ctrl-\\")
    .addHelpText(
      "after",
      "\nDetach with Ctrl-\\ then d: the session goes on. The exit status is the program's own when it ends while attached.\n\nExamples:\n  gantry attach build\n  gantry attach --read-only build",
    )
    .action(async (id: string, { readOnly = false, detachKey }: { readOnly?: boolean; detachKey?: string }) => {
      const { connection } = await context.connect();
      const { sessionId, name, mode } = (await connection.call("sessions.get", { id })) as SessionDetail;
      checkNesting(sessionId);
      await attachAndReport(context, name ?? sessionId, { id: sessionId, mode, readOnly, detachKey, fromStart: mode === "pipe" });
    });
};
