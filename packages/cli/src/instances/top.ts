/** `gantry top`: load, executions, sessions, and providers, live in this terminal. */
import { spawn } from "node:child_process";
import { once } from "node:events";

import { connectLocal } from "@gantry/client/node";
import { GantryError } from "@gantry/contract/errors";

import { openInBrowser } from "../access/open-in-browser.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .addHelpText(
      "after",
      `
Keys: Tab or ← → choose a list, ↑ ↓ a row; c cancels the execution; Enter attaches to the session, and detaching comes back here; d opens the page;
q leaves. Elsewhere than in a terminal: gantry status --json`,
    )
    .action(async () => {
      if (!process.stdin.isTTY || !process.stdout.isTTY) {
        throw new GantryError("invalidArgument", "gantry top needs a terminal. For scripts there is: gantry status --json");
      }
      let local = await context.connect();
      const { instance } = local;
      // A daemon that is restarted meanwhile is found again.
      const connect = async () => {
        if (local.connection.closed) local = await connectLocal(context.choice);
        return local.client;
      };
      // Its drawing is a module of its own: no other verb pays for it.
      const { showTop } = await import("./top/screen.ts");
      for (let from = 0; ;) {
        const { leave, list } = await showTop({
          connect,
          instance,
          list: from,
          async openPage() {
            const client = await connect();
            const { url, file } = await client.access.createLogin({ role: "admin" });
            const failure = await openInBrowser(file);
            return failure === undefined ? `Opened ${url.split("#")[0]} in your browser.` : `${failure} Use: gantry dashboard --print`;
          },
        });
        if (leave === undefined) break;
        from = list;
        await attach(leave.sessionId, instance);
      }
      local.close();
    });
};

/** As a program of its own, because it takes the terminal, its signals, and its input for itself. */
async function attach(sessionId: string, instance: string): Promise<void> {
  const ignore = () => undefined;
  // Ctrl-C is the session's; it reaches this process too.
  process.on("SIGINT", ignore).on("SIGQUIT", ignore);
  // Otherwise this process would go on reading, and keep every other key for itself.
  process.stdin.pause();
  const child = spawn(process.execPath, [process.argv[1] as string, "attach", "--instance", instance, sessionId], { stdio: "inherit" });
  await once(child, "exit");
  process.off("SIGINT", ignore).off("SIGQUIT", ignore);
}
