/** `gantry wait`: until an execution has ended; leaves with its exit code. */
import type { OutputEvent } from "@gantry/contract";

import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { exitStatus } from "./exit-status.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<execution>", "as printed by gantry run --detach")
    .option("--json", "print the outcome as JSON")
    .addHelpText(
      "after",
      "\nThe exit code is the execution's own; see gantry run --help.\n\nExamples:\n  gantry wait $(gantry run --detach build)",
    )
    .action(async (id: string, { json }: { json?: boolean }) => {
      const { client, connection } = await context.connect();
      // The output's stream ends with the execution; beyond any possible end there is nothing to carry but that.
      const events = connection.stream("executions.output", { id, since: Number.MAX_SAFE_INTEGER }) as AsyncIterable<OutputEvent>;
      for await (const event of events) if (event.type === "end") break;
      const execution = await client.executions.get({ id });
      if (json === true) printJson(execution);
      else process.stderr.write(`${id} ${execution.state}\n`);
      context.exitWith(exitStatus(execution));
    });
};
