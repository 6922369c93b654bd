/** The typed client for browsers: every operation of the contract over HTTP. Node gets node/main.ts under the same name, which also finds local instances. */
import { createHttpClient, type HttpClientOptions } from "./http-client.ts";
import type { GantryClient } from "./client.ts";

export { GantryError, type ErrorCode, type Problem } from "@gantry/contract/errors";
export type { ClientShortForms, ExecuteRequest, GantryClient, WaitOptions } from "./client.ts";
export type { HttpClientOptions } from "./http-client.ts";
export type { PatienceOptions, RetryOptions } from "./patient-transport.ts";
export type { CallOptions, Transport } from "./transport.ts";
export { createTypedClient, type TypedClient } from "./typed-client.ts";

/** Connects lazily: the first call is the first request. */
export function createClient(options: HttpClientOptions): GantryClient {
  return createHttpClient(options);
}
