/** `gantry sessions replay`: plays a session's recording, or an asciicast file, in this terminal. */
import { readFile } from "node:fs/promises";

import { parseCast } from "@gantry/contract/cast";
import { GantryError } from "@gantry/contract/errors";

import { parseDuration } from "../output/duration.ts";
import type { Verb } from "../verb.ts";
import { playCast } from "./play-cast.ts";

interface ReplayOptions {
  speed: string;
  idleLimit?: string;
}

const slowest = 0.1;
const fastest = 100;

export const verb: Verb = (command, context) => {
  command
    .argument("<recording>", "a session's name or id, or an asciicast file (a path that ends in .cast)")
    .option("-s, --speed <factor>", "times as fast", "1")
    .option("-i, --idle-limit <time>", "make no pause longer than this, such as 2s")
    .addHelpText(
      "after",
      "\nKeys: space pauses and goes on, . shows the next step while paused, + and - change the speed, q ends.\n\nExamples:\n  gantry sessions replay demo\n  gantry sessions replay --speed 4 --idle-limit 1s demo\n  gantry sessions replay ./demo.cast",
    )
    .action(async (recording: string, options: ReplayOptions) => {
      const speed = Number(options.speed);
      if (!(speed >= slowest && speed <= fastest)) {
        throw new GantryError(
          "invalidArgument",
          `--speed ${JSON.stringify(options.speed)} must be a number from ${slowest} to ${fastest}.`,
        );
      }
      const idleLimitMs = options.idleLimit === undefined ? undefined : parseDuration(options.idleLimit, "--idle-limit");
      const cast = parseCast(recording.endsWith(".cast") ? await readCastFile(recording) : await fetchCast(recording));
      await playCast(cast, { speed, idleLimitMs });
    });

  const fetchCast = async (id: string): Promise<string> => (await context.connect()).client.sessions.recording({ id, format: "cast3" });
};

async function readCastFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new GantryError("invalidArgument", `${path} cannot be read (${(cause as NodeJS.ErrnoException).code ?? "unknown"}).`, { cause });
  }
}
