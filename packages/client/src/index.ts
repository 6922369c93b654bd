/** The typed client for browsers: every operation of the contract over HTTP. Node gets node/main.ts under the same name, which also finds local instances. */
import { GantryError } from "@gantry/contract/errors";

import type { GantryClient } from "./client.ts";
import type { ClientOptions } from "./client-options.ts";
import { createHttpClient } from "./http-client.ts";

export { GantryError, type ErrorCode, type Problem } from "@gantry/contract/errors";
export type { ClientShortForms, ExecuteRequest, GantryClient, WaitOptions } from "./client.ts";
export type { ClientOptions, HttpClientOptions, LocalClientOptions } from "./client-options.ts";
export type { Credential } from "./http-transport.ts";
export type { PatienceOptions, RetryOptions } from "./patient-transport.ts";
export type { CallOptions, Transport } from "./transport.ts";
export { createTypedClient, type TypedClient } from "./typed-client.ts";

/** Connects lazily: the first call is the first request. Without `url` it finds the local instance, which only Node can. */
export function createClient(options: ClientOptions = {}): GantryClient {
  if (options.url !== undefined) return createHttpClient(options);
  throw new GantryError("invalidArgument", "A page cannot look for instances: give createClient the url and a key.");
}

/** One client of the local instance for everybody in this process; in Node only. */
export function defaultClient(): GantryClient {
  return createClient();
}
