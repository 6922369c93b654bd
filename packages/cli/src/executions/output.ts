/** `gantry output`: what an execution printed; with -f, what it goes on printing. */
import type { OutputEvent } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";
import { Option } from "commander";

import type { Verb } from "../verb.ts";
import { createOutputWriter } from "./write-output.ts";

interface OutputOptions {
  follow?: boolean;
  since?: string;
  stream?: "stdout" | "stderr";
  json?: boolean;
}

export const verb: Verb = (command, context) => {
  command
    .argument("<execution>", "as printed by gantry ps and gantry history")
    .option("-f, --follow", "go on until the execution has ended")
    .option("--since <offset>", "only what comes at or after this byte")
    .addOption(new Option("--stream <name>", "only this one").choices(["stdout", "stderr"]))
    .option("--json", "print one JSON record a line, with offsets and times")
    .addHelpText(
      "after",
      "\nStandard error goes to standard error.\n\nExamples:\n  gantry output -f exe_…\n  gantry output --json exe_… | tail -1",
    )
    .action(async (id: string, { follow, since, stream, json }: OutputOptions) => {
      if (since !== undefined && !/^\d+$/.test(since))
        throw new GantryError("invalidArgument", `--since ${JSON.stringify(since)} is no offset in bytes.`);
      const { connection } = await context.connect();
      const from = since === undefined ? 0 : Number(since);
      const input = { id, since: from, follow: follow === true, ...(stream === undefined ? {} : { stream }) };
      const output = createOutputWriter();
      for await (const event of connection.stream("executions.output", input) as AsyncIterable<OutputEvent>) {
        if (json === true) process.stdout.write(`${JSON.stringify(event)}\n`);
        else if (event.type === "output") await output.write(event);
      }
    });
};
