/** `gantry keys list`. */
import pc from "picocolors";

import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import { formatAge } from "../output/units.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command.option("--json", "print as JSON").action(async ({ json }: { json?: boolean }) => {
    const { client } = await context.connect();
    const { items } = await client.access.listKeys();
    if (json === true) {
      printJson({ items });
      return;
    }
    printTable(
      [
        { head: "ID", value: ({ id }) => id },
        { head: "NAME", value: ({ name }) => name },
        { head: "ROLE", value: ({ role }) => role },
        { head: "CREATED", value: ({ createdAt }) => formatAge(createdAt) },
        { head: "LAST USED", value: ({ lastUsedAt }) => (lastUsedAt === undefined ? "never" : formatAge(lastUsedAt)) },
        {
          head: "STATE",
          value: ({ revokedAt, expiresAt }) =>
            revokedAt !== undefined ? "revoked" : expiresAt !== undefined && Date.parse(expiresAt) <= Date.now() ? "expired" : "active",
          paint: (text) => (text === "active" ? pc.green(text) : pc.dim(text)),
        },
      ],
      items,
    );
  });
};
