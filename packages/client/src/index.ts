/** The typed client for browsers and Node: every operation of the contract over HTTP. */
import { createHttpTransport, type HttpTransportOptions } from "./http-transport.ts";
import { createTypedClient, type TypedClient } from "./typed-client.ts";

export { GantryError, type ErrorCode, type Problem } from "@gantry/contract";
export type { HttpTransportOptions } from "./http-transport.ts";
export type { CallOptions, Transport } from "./transport.ts";
export { createTypedClient, type TypedClient } from "./typed-client.ts";

/** Connects lazily: the first call is the first request. In Node, `createLocalClient` of `@gantry/client/node` needs neither address nor key. */
export function createClient(options: HttpTransportOptions): TypedClient {
  return createTypedClient(createHttpTransport(options));
}
