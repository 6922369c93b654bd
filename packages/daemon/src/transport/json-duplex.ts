/** Lets a carrier of text take part in an attachment: turns its JSON messages into those of `gantry.v1`, and back. */
import type { Problem } from "@gantry/contract";
import { createJsonServerWriter, type JsonEncoding, parseJsonClientMessage } from "@gantry/contract/session-json";
import { encodeClientMessage, parseServerMessage, SessionProtocolError } from "@gantry/contract/session-protocol";

import type { Duplex } from "../core/duplex.ts";

/** A WebSocket that speaks text, or one channel of a Socket.IO connection. */
export interface TextCarrier {
  /** `taken` is called when the operating system has taken it. */
  send(text: string, taken: () => void): void;
  readonly bufferedBytes: number;
  onText(listener: (text: string) => void): void;
  onClose(listener: () => void): void;
  close(problem?: Problem): void;
}

/**
 * A client that never acknowledges need not know of it: what its connection has taken counts as shown. Its first `ack` changes that for good.
 */
export function createJsonDuplex(carrier: TextCarrier, encoding: JsonEncoding, nowMs: () => number): Duplex {
  const writer = createJsonServerWriter(encoding, nowMs);
  let receive: (message: Uint8Array) => void = () => {};
  let acknowledges = false;
  const taken = (offset: number): void => {
    if (!acknowledges) receive(encodeClientMessage({ type: "ack", offset }));
  };
  const sendAll = (texts: string[], done: () => void = () => {}): void =>
    texts.forEach((text, index) => carrier.send(text, index === texts.length - 1 ? done : () => {}));
  return {
    send(bytes) {
      const message = parseServerMessage(bytes);
      const texts = writer.write(message);
      if (message.type !== "output" && message.type !== "snapshot") return sendAll(texts);
      const end = message.offset + (message.type === "output" ? message.data.length : 0);
      // Half a character alone makes no text yet.
      if (texts.length === 0) queueMicrotask(() => taken(end));
      return sendAll(texts, () => taken(end));
    },
    get bufferedBytes() {
      return carrier.bufferedBytes;
    },
    onMessage(listener) {
      receive = listener;
      carrier.onText((text) => {
        try {
          const message = parseJsonClientMessage(text);
          acknowledges ||= message.type === "ack";
          listener(encodeClientMessage(message));
        } catch (error) {
          if (!(error instanceof SessionProtocolError)) throw error;
          const detail = `${error.message}. Nothing was done.`;
          sendAll(writer.write({ type: "error", value: { code: "invalidArgument", detail } }));
        }
      });
    },
    onClose: (listener) => carrier.onClose(listener),
    close: (problem) => carrier.close(problem),
  };
}
