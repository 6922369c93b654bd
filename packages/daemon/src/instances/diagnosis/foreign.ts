/** Recognises the pid files that servers of older tools leave behind; reports them and never touches their processes. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

import { commandLine } from "../../core/processes.ts";
import { readPidFile } from "../pid-file.ts";
import type { Check, Draft } from "./check.ts";

const temporaryFolder = "/tmp";
const portForm = /^claude_mpm_socketio_(\d+)\.pid$/;

export const foreignServer: Check = {
  name: "foreign-server",
  look: ({ inputs }) =>
    [join(inputs.homeDirectory, ".claude-mpm", "socketio-server.pid"), ...filesWithPort()].flatMap((file): Draft[] => {
      if (!existsSync(file)) return [];
      const found = readPidFile(file);
      const port = portForm.exec(file.slice(temporaryFolder.length + 1))?.[1] ?? "<port>";
      const command = found === undefined ? "" : commandLine(found.pid);
      const cause =
        found === undefined
          ? `${file} holds no process id.`
          : command === ""
            ? `${file} names process ${found.pid}, which is gone.`
            : `${file} names process ${found.pid} (${command}), a server that Gantry did not start.`;
      return [
        {
          severity: "note",
          cause,
          consequence: "It is left alone. Whether the process is the one that wrote the file is checked before it is ever signalled.",
          remedy: `gantry adopt --name <name> --port ${port} --pid-file ${file} (puts it under status, stop, and diagnose)`,
        },
      ];
    }),
};

function filesWithPort(): string[] {
  try {
    return readdirSync(temporaryFolder)
      .filter((name) => portForm.test(name))
      .map((name) => join(temporaryFolder, name));
  } catch {
    return [];
  }
}
