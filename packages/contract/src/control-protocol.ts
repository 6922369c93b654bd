/**
 * What the control socket speaks: frames (see frames.ts) whose channel numbers are chosen by the client, one per request.
 * Imports no schema library, because the CLI's fast path loads it.
 */
import type { Problem } from "./errors.ts";

/** Opens a channel. `input` is validated by the daemon against the operation's schema. */
export interface ControlRequest {
  op: string;
  input: unknown;
  /** Asks for events instead of one output, where the operation can stream. */
  stream?: boolean;
}

/** Client → daemon on an open channel: stop working on it. The daemon still closes the channel with an answer. */
export interface ControlCancel {
  cancel: true;
}

/**
 * Client → daemon on a channel whose input said `input: "stream"`: the next items, no more than the `credit` that came, or that there are no
 * more. A channel that is lost before its `end` is a call that is cancelled, never one that is complete.
 */
export type ControlItems = { items: unknown[] } | { end: true };

/** Daemon → client. Exactly one of `output`, `error`, and `end` closes the channel. */
export type ControlReply =
  | { output: unknown }
  | { event: unknown }
  | { end: true }
  | { error: Problem }
  | { attached: true }
  | { credit: number };

/** Raw bytes of a duplex operation such as an attachment, after `{attached: true}`; both directions. */
export const bytesFrame = 1;

/** The protocol versions this code speaks. Raised only by a change that an older peer cannot ignore. */
export const protocolRange = { min: 1, max: 1 } as const;
