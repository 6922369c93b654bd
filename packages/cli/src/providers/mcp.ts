/** `gantry mcp [provider]`: speaks MCP on standard input and output, for programs that start their MCP servers themselves. */
import { readFileSync } from "node:fs";

import { chooseInstance, localPaths, readRecord } from "@gantry/client/node";
import { GantryError } from "@gantry/contract/errors";

import type { Verb } from "../verb.ts";
import { bridge } from "./mcp-bridge.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("[provider]", "only this provider, with its own names; default: all of them, and the commands that are tools")
    .addHelpText(
      "after",
      `\nThe key is that of GANTRY_KEY or GANTRY_KEY_FILE, else the owner's. It ends with its input.\n\nExamples:\n  claude mcp add gantry -- gantry mcp\n  gantry mcp files`,
    )
    .action(async (provider: string | undefined) => {
      // Starts the instance where that is allowed, and says what to do where it is not.
      const { client } = await context.connect();
      // An unknown name is said here, where a person can read it, and not in the first answer.
      if (provider !== undefined) await client.providers.get({ name: provider });
      const paths = localPaths(chooseInstance(context.choice));
      const path = provider === undefined ? "/mcp" : `/mcp/${encodeURIComponent(provider)}`;
      await bridge({
        input: process.stdin,
        output: process.stdout,
        // Asked for each message: an instance that was restarted may listen elsewhere.
        target() {
          const record = readRecord(paths);
          if (record === undefined) throw new GantryError("unavailable", "The instance is not running. Start it with: gantry start");
          return { url: new URL(path, record.url), key: ownKey() ?? readFileSync(paths.bootstrapKeyFile, "utf8").trim() };
        },
      });
    });
};

function ownKey(): string | undefined {
  const { GANTRY_KEY: key, GANTRY_KEY_FILE: file } = process.env;
  return key ?? (file === undefined ? undefined : readFileSync(file, "utf8").trim());
}
