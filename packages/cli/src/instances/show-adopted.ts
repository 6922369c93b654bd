/** `gantry status` and `gantry health` of an adopted server. */
import type { AdoptedServer, ServerSighting } from "@gantry/contract";

import { printJson } from "../output/print-json.ts";
import type { VerbContext } from "../verb.ts";
import { askOffline } from "./ask-offline.ts";
import { describeSighting } from "./describe-sighting.ts";

const notRunning = 3;
const unwell = 1;

export async function showAdopted(name: string, json: boolean, context: VerbContext): Promise<void> {
  const server = await askOffline<AdoptedServer & ServerSighting>("servers.get", { name });
  if (server.state === "stopped") context.exitWith(notRunning);
  else if (server.health === undefined || server.health.status >= 400) context.exitWith(unwell);
  if (json) printJson({ running: server.state !== "stopped", adopted: true, ...server });
  else process.stdout.write(`${name} (adopted), port ${server.port}. ${describeSighting(name, server)}\n`);
}
