/** The client on the daemon's own machine: finds an instance by name and speaks to its control socket without a key. */
import { GantryError } from "@gantry/contract/errors";

import { createTypedClient, type TypedClient } from "../typed-client.ts";
import { connectControl, type ControlConnection } from "./control-connection.ts";
import { chooseInstance, type InstanceChoice, knownInstances, localPaths } from "./discovery.ts";

export { type ByteChannel, type ByteChannelEvents, connectControl, type ControlConnection } from "./control-connection.ts";
export {
  chooseInstance,
  findProjectFile,
  type InstanceChoice,
  knownInstances,
  localPaths,
  readRecord,
  recordedInstances,
} from "./discovery.ts";
export { isAlive } from "./process-identity.ts";

export interface LocalClient {
  client: TypedClient;
  connection: ControlConnection;
  instance: string;
  close(): void;
}

/** Rejects with `unavailable` and the command that starts the instance when it does not run. */
export async function connectLocal(choice: InstanceChoice = {}): Promise<LocalClient> {
  const instance = chooseInstance(choice);
  let connection: ControlConnection;
  try {
    connection = await connectControl(localPaths(instance).controlSocket);
  } catch (cause) {
    const flag = instance === "default" ? "" : ` --instance ${instance}`;
    const known = knownInstances();
    // A misspelt name should not look like an instance that has only stopped.
    const others =
      instance === "default" || known.includes(instance) || known.length === 0
        ? ""
        : ` It was never started; there are: ${known.join(", ")}.`;
    throw new GantryError("unavailable", `Instance ${instance} is not running.${others} Start it with: gantry start${flag}`, { cause });
  }
  return { client: createTypedClient(connection), connection, instance, close: () => connection.close() };
}
