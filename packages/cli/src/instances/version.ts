/** `gantry version`: of this program, and of the daemon when one runs. */
import { protocolRange } from "@gantry/contract/control-protocol";
import { GantryError } from "@gantry/contract/errors";

import { printJson } from "../output/print-json.ts";
import { packageVersion } from "../package-version.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command.option("--json", "print the versions as JSON").action(async ({ json }: { json?: boolean }) => {
    const client = packageVersion();
    let daemon;
    try {
      daemon = await (await context.connect({ core: true })).client.instances.version();
    } catch (error) {
      if (!(error instanceof GantryError) || error.code !== "unavailable") throw error;
    }
    if (json === true)
      printJson({ client: { version: client, protocol: protocolRange, node: process.versions.node }, daemon: daemon ?? null });
    else
      process.stdout.write(
        `gantry ${client} (Node ${process.versions.node})\n${daemon === undefined ? "no daemon running" : `daemon ${daemon.version}`}\n`,
      );
  });
};
