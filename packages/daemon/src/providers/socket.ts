/** What the room needs of a Socket.IO connection: narrow, so that tests can be the other side and transport is not imported. */

// oxlint-disable-next-line typescript/no-explicit-any -- Socket.IO types its listeners with any; every argument is checked by hand
export type Listener = (...args: any[]) => void;

export interface ProviderSocket {
  readonly id: string;
  on(event: string, listener: Listener): unknown;
  emit(event: string, ...args: unknown[]): unknown;
  /** Tells the peer that it is not wanted any more; clients in most languages then stay away. */
  disconnect(close?: boolean): unknown;
  /** What carries it, where something does: closed without a word, the peer takes it for lost and comes back. */
  readonly conn?: { close(): unknown };
}

/** Calls the acknowledgement if the peer asked for one; a peer may forget it or send something else in its place. */
export function acknowledge(ack: unknown, answer: unknown): void {
  if (typeof ack === "function") (ack as (answer: unknown) => void)(answer);
}
