/** What this gateway needs of the daemon: who offers a model, and calls to them. Supplied by daemon.ts. */
import type { GantryError, ModelInfo, Usage } from "@gantry/contract";

export interface ModelRequest {
  route: { model: string };
  method: string;
  params: unknown;
  /** Used when the method itself names none. */
  defaultTimeoutMs: number;
  /** Calls with the same one go to the same instance while it has room, where prompts may be cached. */
  affinity?: string | undefined;
  /** Key id of the caller. */
  owner: string;
}

export interface ModelCall {
  readonly id: string;
  /** Who got it; undefined until it was sent. */
  readonly instance: { readonly label: string } | undefined;
}

export type ModelOutcome = { ok: true; result: unknown; usage: Usage | undefined } | { ok: false; error: GantryError };

/** Called synchronously, perhaps before `start` has returned; must not throw. */
export interface ModelSink {
  /** Items in order. Report them as consumed once they are passed on. */
  chunks(call: ModelCall, seq: number, items: unknown[]): void;
  settled(call: ModelCall, outcome: ModelOutcome): void;
}

export interface ModelCalls {
  /** Throws GantryError when nobody can take the call. */
  start(request: ModelRequest, sink: ModelSink): ModelCall;
  /** Lets the provider send more. */
  consumed(call: ModelCall, chunks: number): void;
  /** No effect on a call that has ended. */
  cancel(call: ModelCall, reason: string): boolean;
}

export interface ModelPort {
  calls: ModelCalls;
  models(): ModelInfo[];
  /** True when somebody who offers the model has the method. */
  offers(model: string, method: string): boolean;
}
