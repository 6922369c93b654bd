/** `gantry keys logins`: the browsers that are signed in. */
import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import { formatAge } from "../output/units.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command.option("--json", "print as JSON").action(async ({ json }: { json?: boolean }) => {
    const { client } = await context.connect();
    const { items } = await client.access.listLogins();
    if (json === true) {
      printJson({ items });
      return;
    }
    printTable(
      [
        { head: "ID", value: ({ id }) => id },
        { head: "ROLE", value: ({ role }) => role },
        { head: "SIGNED IN", value: ({ createdAt }) => formatAge(createdAt) },
        { head: "LAST USED", value: ({ lastUsedAt }) => (lastUsedAt === undefined ? "never" : formatAge(lastUsedAt)) },
        { head: "ENDS", value: ({ expiresAt }) => expiresAt },
        { head: "BROWSER", value: ({ browser }) => browser },
      ],
      items,
    );
  });
};
