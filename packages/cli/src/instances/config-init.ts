/** `gantry config init`: writes a gantry.toml to begin with, and never over one that is there. */
import { writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";

import { GantryError } from "@gantry/contract/errors";

import type { Verb } from "../verb.ts";

export const verb: Verb = (command) => {
  command
    .argument("[folder]", "where to write it", ".")
    .addHelpText("after", "\nExample:\n  gantry config init && gantry start && gantry run hello --name Ada")
    .action((folder: string) => {
      const file = resolve(folder, "gantry.toml");
      try {
        writeFileSync(file, starter(basename(resolve(folder))), { flag: "wx" });
      } catch (cause) {
        if ((cause as { code?: string }).code !== "EEXIST")
          throw new GantryError("invalidArgument", `${file} cannot be written: ${(cause as Error).message}. Nothing was changed.`, {
            cause,
          });
        throw new GantryError("conflict", `${file} is there already. It was left as it is; delete it first to begin anew.`, { cause });
      }
      process.stderr.write(`Wrote ${file}. Start the instance with: gantry start\n`);
    });
};

/** Of a folder's name what an instance may be called. */
function instanceName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, "");
  return name === "" ? "default" : name;
}

const starter = (folder: string) => `# Gantry's configuration of this folder; every key: gantry config show --origin
instance = "${instanceName(folder)}"

[daemon]
port = 0                     # any free one; gantry status tells which

[commands]
# Functions of TypeScript or JavaScript modules; see: gantry commands list
modules = []                 # such as ["./commands/*.ts"]

# A program is an argument array; {field} is filled in from its input and never seen by a shell.
[command.hello]
summary = "Print a greeting"
argv = ["echo", "Hello, {name}!"]
input = { name = { type = "string", default = "world", description = "Who is greeted" } }

# Runs by itself; see: gantry schedule list
# [schedule.nightly-hello]
# command = "hello"
# cron = "30 2 * * *"
`;
