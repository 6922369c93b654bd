/** A two-way channel of binary messages, whatever carries it: a WebSocket, a Socket.IO connection, or a channel of the control socket. */
import type { Problem } from "@gantry/contract";

import type { Caller } from "./caller.ts";

export interface Duplex {
  /** Hands one message to the carrier; it may still be in memory afterwards, see `bufferedBytes`. The bytes must not be changed later. */
  send(message: Uint8Array): void;
  /** Bytes handed over and not yet taken by the operating system. */
  readonly bufferedBytes: number;
  onMessage(listener: (message: Uint8Array) => void): void;
  /** Called once, however the channel ended. */
  onClose(listener: () => void): void;
  /** Ends the channel after everything sent has left; with a problem when it ended badly. */
  close(problem?: Problem): void;
}

/** Opens a duplex for a caller. Rejects with GantryError before the first message when it may not or cannot. */
export type OpenDuplex = (duplex: Duplex, input: unknown, caller: Caller) => Promise<void>;
