/** `gantry sessions cleanup`: ends sessions that have been idle for too long. */
import { parseDuration } from "../output/duration.ts";
import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import { formatAge } from "../output/units.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .option("--idle <time>", "idle for at least this long, such as 30m, instead of sessions.idleTimeoutMs; 0 for any")
    .option("--dry-run", "only tell which would be ended")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nA session that somebody views, or whose processes are at work, is not idle.\n\nExamples:\n  gantry sessions cleanup --dry-run\n  gantry sessions cleanup --idle 30m",
    )
    .action(async ({ idle, dryRun = false, json = false }: { idle?: string; dryRun?: boolean; json?: boolean }) => {
      const { client } = await context.connect();
      const result = await client.sessions.cleanup({ ...(idle === undefined ? {} : { idleMs: parseDuration(idle, "--idle") }), dryRun });
      if (json) {
        printJson(result);
        return;
      }
      for (const { sessionId, name, lastActivityAt } of result.ended) {
        const what = dryRun ? "would be ended" : "ended";
        process.stderr.write(`${plain(name ?? sessionId)} ${what} (last active ${formatAge(lastActivityAt)})\n`);
      }
      if (result.ended.length === 0) process.stderr.write("No session has been idle for so long.\n");
    });
};
