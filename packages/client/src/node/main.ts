/** The typed client for Node: a local instance through its control socket, found by name and needing no key, or any instance by its address. */
import { type ClientParts, createGantryClient, type GantryClient } from "../client.ts";
import type { ClientOptions, HttpClientOptions, LocalClientOptions } from "../client-options.ts";
import { createPatientTransport } from "../patient-transport.ts";
import type { Transport } from "../transport.ts";
import { createLocalTransport } from "./local-transport.ts";

export { GantryError, type ErrorCode, type Problem } from "@gantry/contract/errors";
export type { ClientShortForms, ExecuteRequest, GantryClient, WaitOptions } from "../client.ts";
export type { ClientOptions, HttpClientOptions, LocalClientOptions } from "../client-options.ts";
export type { PatienceOptions, RetryOptions } from "../patient-transport.ts";
export type { CallOptions, Transport } from "../transport.ts";
export { createTypedClient, type TypedClient } from "../typed-client.ts";

/** Connects lazily: the first call is the first request. An idle connection does not keep the process alive. */
export function createClient(options: ClientOptions = {}): GantryClient {
  const { timeoutMs, retry } = options;
  const parts = options.url === undefined ? local(options) : http(options);
  // The contract brings a schema library along, so it is loaded only when something failed.
  const isIdempotent = async (name: string) => (await import("../http-client.ts")).isIdempotent(name);
  return createGantryClient({ ...parts, transport: createPatientTransport(parts.direct, { timeoutMs, retry, isIdempotent }) });
}

function local({ instance, configFile }: LocalClientOptions): Omit<ClientParts, "transport"> {
  const direct = createLocalTransport({ instance, configFile });
  return { direct, close: () => direct.close() };
}

function http(options: HttpClientOptions): Omit<ClientParts, "transport"> {
  let loading: Promise<Transport> | undefined;
  const begin = async () => {
    const [{ createHttpTransport }, { createNodeExchange }] = await Promise.all([
      import("../http-transport.ts"),
      import("./http-exchange.ts"),
    ]);
    return createHttpTransport(options, await createNodeExchange(options.url));
  };
  const load = () => (loading ??= begin());
  return {
    direct: {
      call: async (...args) => (await load()).call(...args),
      async *stream(...args) {
        yield* (await load()).stream(...args);
      },
    },
    close: () => undefined,
  };
}

let shared: GantryClient | undefined;

/** One client of the local instance for everybody in this process. */
export function defaultClient(): GantryClient {
  return (shared ??= createClient());
}
