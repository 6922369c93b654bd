/** Joins the HTTP transport with the contract's knowledge of what may be repeated. */
import { createGantryClient, type GantryClient } from "./client.ts";
import type { HttpClientOptions } from "./client-options.ts";
import { createHttpTransport, findOperation } from "./http-transport.ts";
import { createPatientTransport } from "./patient-transport.ts";

export function createHttpClient(options: HttpClientOptions): GantryClient {
  const direct = createHttpTransport(options);
  return createGantryClient({
    direct,
    transport: createPatientTransport(direct, { ...options, isIdempotent }),
    close: () => undefined,
  });
}

export function isIdempotent(name: string): boolean {
  const { method, idempotent } = findOperation(name);
  return method === "GET" || idempotent === true;
}
