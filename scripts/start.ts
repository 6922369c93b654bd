/** `npm start`: builds what is missing, runs an instance with examples/gantry.toml in the foreground, and says where to begin. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";

import { type InstanceRecord, type Problem, resolvePaths } from "@gantry/contract";

import { build } from "./build.ts";

const root = resolve(import.meta.dirname, "..");

function welcome(record: InstanceRecord): string {
  const { bootstrapKeyFile } = resolvePaths(record.instance, { env: process.env, homeDirectory: homedir() });
  return `
  Gantry is running: instance ${record.instance}, pid ${record.pid}. Ctrl-C stops it.

  The page   ${record.url}/ui/
  Its key    ${bootstrapKeyFile}

  In another terminal, in this folder:

    npx gantry run greet --name Ada
    npx gantry status
    npx gantry open bash

  The tour goes on in README.md.

`;
}

await build(["dashboard"], true);
// The flags of whoever says `npm start -- --port 0` go to the daemon.
const flags = ["--config", join(root, "examples/gantry.toml"), ...process.argv.slice(2)];
const child = spawn(process.execPath, [join(root, "packages/daemon/src/main.ts"), "--style", "http", "--ready-fd", "3", ...flags], {
  cwd: root,
  stdio: ["inherit", "inherit", "inherit", "pipe"],
});
// A terminal signals the whole foreground group, and then the daemon has its own copy; a supervisor signals only this process.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void (process.stdin.isTTY || child.kill(signal)));
const exited = once(child, "exit") as Promise<[number | null]>;
const report = await text(child.stdio[3] as Readable);
const { record, error } = (report === "" ? {} : JSON.parse(report)) as { record?: InstanceRecord; error?: Problem };
if (record !== undefined) process.stdout.write(welcome(record));
else if (error?.details?.alreadyRunning === true)
  process.stderr.write("It is there already: see npx gantry status, or stop it with npx gantry stop.\n");
const [status] = await exited;
process.exitCode = status ?? 1;
