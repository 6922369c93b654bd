/** `gantry sessions export`: a session's recording as a file. */
import { writeFile } from "node:fs/promises";

import { RecordingFormat } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";

import { formatBytes } from "../output/units.ts";
import type { Verb } from "../verb.ts";

export const verb: Verb = (command, context) => {
  command
    .argument("<session>", "its name or id")
    .option("--format <format>", "cast3 (asciicast v3), cast2 (asciicast v2), text, or html", "cast3")
    .option("-o, --output <file>", "write there instead of to standard output")
    .addHelpText(
      "after",
      "\nOnly sessions opened with --record (or with sessions.record in the configuration) have a recording.\n\nExamples:\n  gantry sessions export demo -o demo.cast\n  gantry sessions export demo --format text | less",
    )
    .action(async (id: string, { format, output }: { format: string; output?: string }) => {
      const wanted = RecordingFormat.safeParse(format);
      if (!wanted.success) {
        throw new GantryError("invalidArgument", `--format ${JSON.stringify(format)} is none of ${RecordingFormat.options.join(", ")}.`);
      }
      const { client } = await context.connect();
      const text = await client.sessions.recording({ id, format: wanted.data });
      if (output === undefined) process.stdout.write(text);
      else {
        await writeFile(output, text);
        process.stderr.write(`${output}: ${formatBytes(Buffer.byteLength(text))}\n`);
      }
    });
};
