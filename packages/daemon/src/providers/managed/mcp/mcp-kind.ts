/** The type `mcp`: an MCP server, as a program that Gantry starts or at a URL, is one instance of a provider. */
import { GantryError } from "@gantry/contract";

import type { InstanceContext, RunningInstance } from "../kind.ts";
import type { LocalProvider } from "../local-link.ts";
import type { ProgramRecords } from "../program-records.ts";
import { answerMcp } from "./answer.ts";
import { connectMcp } from "./connection.ts";
import { type Offer, readOffer } from "./offer.ts";

/** Several changes that come together make one new registration. */
const settleMs = 50;

export async function startMcp(context: InstanceContext, records: ProgramRecords): Promise<RunningInstance> {
  const { provider, signal, logger } = context;
  const { settings } = provider;
  const gone = Promise.withResolvers<string>();
  let local: LocalProvider | undefined;
  let offer: Offer | undefined;
  let timer: NodeJS.Timeout | undefined;

  const read = () => readOffer(connection.client, settings, settings.startTimeoutMs);
  const refresh = async () => {
    try {
      offer = await read();
      local?.update(offer.document);
    } catch (error) {
      logger.warn({ err: error }, "an MCP server changed, but its new lists cannot be used; the old ones stay");
    }
  };
  const connection = await connectMcp(context, records, () => {
    clearTimeout(timer);
    timer = setTimeout(() => void refresh(), settleMs);
  });
  // A server that is slow to list must not hold up a stop: closing the connection ends the reading.
  const onAbort = () => void connection.close();
  signal.addEventListener("abort", onAbort);
  try {
    signal.throwIfAborted();
    offer = await read();
    signal.throwIfAborted();
    local = context.join(offer.document, {
      async invoke(call) {
        const tool = offer?.tools.get(call.method);
        return { data: await answerMcp(connection.client, call, tool) };
      },
      async health() {
        // The newer era has no ping: asking who the server is does the same.
        await (connection.client.getProtocolEra() === "modern" ? connection.client.discover() : connection.client.ping());
        return { status: "ok" };
      },
      gone: gone.resolve,
    });
  } catch (error) {
    clearTimeout(timer);
    await connection.close();
    signal.throwIfAborted();
    throw error instanceof GantryError ? new Error(error.message, { cause: error }) : error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
  return {
    ended: Promise.race([connection.ended, gone.promise]),
    async stop(reason) {
      clearTimeout(timer);
      local?.leave(reason);
      await connection.close();
    },
  };
}
