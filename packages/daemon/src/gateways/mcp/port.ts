/** What this gateway needs of the daemon: who offers what, calls to them, and commands. Supplied by daemon.ts. */
import type { GantryError, ProviderMethod } from "@gantry/contract";

import type { CallContext } from "../../core/caller.ts";

export interface ProviderRequest {
  route: { provider: string };
  method: string;
  params: unknown;
  /** Used when the method itself names none. */
  defaultTimeoutMs: number;
  trace?: string | undefined;
  /** Key id of the caller. */
  owner: string;
}

export interface ProviderCall {
  readonly id: string;
}

export type ProviderOutcome = { ok: true; result: unknown } | { ok: false; error: GantryError };

/** Called synchronously, perhaps before `start` has returned; must not throw. */
export interface ProviderSink {
  chunks(call: ProviderCall, seq: number, items: unknown[]): void;
  settled(call: ProviderCall, outcome: ProviderOutcome): void;
}

export interface ProviderCalls {
  /** Throws GantryError when nobody can take the call. */
  start(request: ProviderRequest, sink: ProviderSink): ProviderCall;
  consumed(call: ProviderCall, chunks: number): void;
  /** No effect on a call that has ended. */
  cancel(call: ProviderCall, reason: string): boolean;
}

export interface OfferedProvider {
  readonly name: string;
  readonly state: string;
  readonly version: string;
  readonly description?: string | undefined;
  readonly methods: readonly ProviderMethod[];
  readonly instances: readonly { readonly metadata?: Record<string, unknown> | undefined }[];
}

/** The contract's operations by name, with the caller's rights checked as for every other transport. */
export type Operate = (operation: string, input: unknown, context: CallContext) => Promise<unknown>;

export interface McpPort {
  calls: ProviderCalls;
  list(): readonly { readonly name: string; readonly state: string }[];
  /** Throws GantryError notFound. */
  get(name: string): OfferedProvider;
  operate: Operate;
  /** Names of the commands that are tools; `*` stands for all. Asked each time: they may change at any time. */
  commands(): readonly string[];
  /** Hears the name of each provider that joined, changed, or left, and nothing when commands may have. Returns the function that ends it. */
  onOffersChanged(listener: (provider: string | undefined) => void): () => void;
  /** Closes a long stream when its key is revoked. Returns the function to call when it has ended by itself. */
  track(keyId: string, close: () => void): () => void;
}
