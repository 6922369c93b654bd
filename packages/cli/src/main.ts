/** The `gantry` command: runs a verb and turns failures into messages and exit codes. */
import { connectLocal, type InstanceChoice, type LocalClient, localPaths, readRecord } from "@gantry/client/node";
import { protocolRange } from "@gantry/contract/control-protocol";
import { GantryError } from "@gantry/contract/errors";

import { runCommand } from "./executions/run-command.ts";
import { exitCodeOf, printError } from "./output/print-error.ts";
import type { VerbContext } from "./verb.ts";

async function main(argv: string[]): Promise<number> {
  let status = 0;
  let local: LocalClient | undefined;
  const context: VerbContext = {
    choice: {},
    connect: async ({ core = false } = {}) => (local ??= await connect(context.choice, core)),
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

async function connect(choice: InstanceChoice, core: boolean): Promise<LocalClient> {
  if (core) return connectLocal(choice);
  const local = await connectLocal(choice).catch(async (error: unknown) => {
    // Loaded only when there is nobody to talk to.
    const { autoStart } = await import("./instances/auto-start.ts");
    if (await autoStart(choice)) return connectLocal(choice);
    throw error;
  });
  const { instance } = local;
  const record = readRecord(localPaths(instance));
  if (record === undefined || (record.protocol.min <= protocolRange.max && record.protocol.max >= protocolRange.min)) return local;
  local.close();
  const [theirs, ours] = [record.protocol, protocolRange].map(({ min, max }) => (min === max ? `${min}` : `${min} to ${max}`));
  throw new GantryError(
    "unavailable",
    `Instance ${instance} runs version ${record.version} (protocol ${theirs}), and this program speaks protocol ${ours}: only status, health, stop, logs, and version work with it. Nothing was done. To run it with this version, sessions and queued work kept: gantry restart --instance ${instance}`,
  );
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
