/** `gantry adopt`: puts a server of another kind under list, status, stop, and diagnose. */
import { resolve } from "node:path";

import type { AdoptedServer, ServerSighting } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";

import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { askOffline } from "./ask-offline.ts";
import { describeSighting } from "./describe-sighting.ts";
import { parsePort } from "./parse-port.ts";

interface AdoptOptions {
  name: string;
  port?: string;
  pidFile?: string;
  health?: string;
  stopUrl?: string;
  release?: boolean;
  json?: boolean;
}

export const verb: Verb = (command) => {
  command
    .requiredOption("--name <name>", "what to call it here")
    .option("--port <number>", "the port it listens on")
    .option("--pid-file <file>", "where it writes its process id: a plain number, or JSON with `pid`")
    .option("--health <url>", "answers with 200 while it is well (default http://127.0.0.1:<port>/health)")
    .option("--stop-url <url>", "asked with POST before anything is signalled")
    .option("--release", "forget it; the server itself is not touched")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nIts process is signalled only while it provably is the server: the one that holds the port.\n\nExamples:\n  gantry adopt --name old --port 8765 --pid-file ~/.claude-mpm/socketio-server.pid\n  gantry status --instance old\n  gantry stop --instance old\n  gantry adopt --name old --release",
    )
    .action(async ({ name, port, pidFile, health, stopUrl, release = false, json = false }: AdoptOptions) => {
      if (release) {
        const answer = await askOffline("servers.release", { name });
        if (json) printJson(answer as object);
        else process.stderr.write(`${name} is no longer managed here. The server itself was not touched.\n`);
        return;
      }
      if (port === undefined) throw new GantryError("invalidArgument", "--port is missing: give the port that the server listens on.");
      const number = parsePort(port);
      const server = await askOffline<AdoptedServer & ServerSighting>("servers.adopt", {
        schemaVersion: 1,
        name,
        port: number,
        healthUrl: health ?? `http://127.0.0.1:${number}/health`,
        ...(pidFile === undefined ? {} : { pidFile: resolve(pidFile) }),
        ...(stopUrl === undefined ? {} : { stopUrl }),
        adoptedAt: new Date().toISOString(),
      });
      if (json) return printJson(server);
      process.stderr.write(`${name} was adopted. ${describeSighting(name, server)}\n`);
    });
};
