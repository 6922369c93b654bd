/** Which server `gantry stop` is meant to end, and the end of one that is not an instance of Gantry. */
import { chooseInstance, type InstanceChoice } from "@gantry/client/node";
import type { InstanceSummary, ServerSighting } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";

import { printJson } from "../output/print-json.ts";
import { askOffline } from "./ask-offline.ts";
import { isAdopted } from "./is-adopted.ts";
import { parsePort } from "./parse-port.ts";

type Target = { instance: string; adopted: boolean } | { port: number };

export async function findTarget(port: string | undefined, choice: InstanceChoice): Promise<Target> {
  if (port === undefined) {
    const instance = chooseInstance(choice);
    // Nothing else of the state is needed to know it, and an ordinary stop should not wait for a look at all instances.
    return { instance, adopted: isAdopted(instance) };
  }
  const number = parsePort(port);
  const { items } = await askOffline<{ items: InstanceSummary[] }>("instances.list", {});
  const owner = items.find(({ url }) => url?.endsWith(`:${number}`) === true);
  return owner ?? { port: number };
}

export async function haltForeign(target: Target, force: boolean, json: boolean): Promise<void> {
  let halted: HaltedServer;
  if (!("port" in target)) halted = await askOffline<HaltedServer>("servers.stop", { name: target.instance });
  else if (force) halted = await askOffline<HaltedServer>("servers.stopByPort", { port: target.port });
  else {
    const { state, pid, command } = await askOffline<ServerSighting>("servers.getByPort", { port: target.port });
    if (state !== "stopped") {
      throw new GantryError(
        "conflict",
        `Port ${target.port} is held by ${pid === undefined ? "another user's process" : `process ${pid} (${command})`}, which Gantry neither started nor adopted. It was not touched. To end it all the same: gantry stop --port ${target.port} --force`,
      );
    }
    halted = { outcome: "notRunning" };
  }
  const name = "port" in target ? `The server on port ${target.port}` : `Server ${target.instance}`;
  if (json) printJson({ ...halted, ...target });
  else process.stderr.write(halted.outcome === "stopped" ? `${name} has stopped (${halted.by}).\n` : `${name} is not running.\n`);
}

interface HaltedServer {
  outcome: "stopped" | "notRunning";
  by?: string;
  pid?: number;
}
