/** Which queues a verb is about: those named, all of them, or the default one. */
import type { LocalClient } from "@gantry/client/node";
import { GantryError } from "@gantry/contract/errors";

export interface QueueChoice {
  all?: boolean;
  json?: boolean;
}

export async function chosenQueues({ client }: LocalClient, names: string[], { all }: QueueChoice): Promise<string[]> {
  if (all !== true) return names.length === 0 ? ["default"] : names;
  if (names.length > 0) throw new GantryError("invalidArgument", "Either --all or the names of queues, but both were given.");
  const { items } = await client.queues.list();
  return items.map(({ name }) => name);
}
