/** The `gantry` command: runs a verb and turns failures into messages and exit codes. */
import { connectLocal, type LocalClient } from "@gantry/client/node";

import { runCommand } from "./executions/run-command.ts";
import { exitCodeOf, printError } from "./output/print-error.ts";
import type { VerbContext } from "./verb.ts";

async function main(argv: string[]): Promise<number> {
  let status = 0;
  let local: LocalClient | undefined;
  const context: VerbContext = {
    choice: {},
    connect: async () => (local ??= await connectLocal(context.choice)),
    exitWith: (given) => void (status = given),
  };
  const [verb, name, ...words] = argv;
  try {
    // The plain form is what scripts call in loops: loading an option parser would double what it costs above Node's own start.
    if (verb === "run" && name !== undefined && !name.startsWith("-")) {
      await runCommand(name, words, {}, context);
    } else {
      const { runProgram } = await import("./program.ts");
      await runProgram(argv, context);
    }
    return status;
  } finally {
    local?.close();
  }
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    process.exitCode = exitCodeOf(error);
    printError(error);
  },
);

// A reader that closes early (`gantry ps | head`) is no failure.
process.stdout.on("error", (error: { code?: string }) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
