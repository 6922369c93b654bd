/** The daemon's end of one connection to a process host: requests and their answers, and the frames in between, in order. */
import type { Socket } from "node:net";

import { GantryError } from "@gantry/contract/errors";
import { decodeJsonPayload, encodeFrame, encodeJsonFrame, type Frame, FrameDecoder, jsonFrame } from "@gantry/contract/frames";

import { type HostCommand, hostFrames, type HostNotice, type HostOperations, type HostReply } from "./protocol.ts";

export interface LinkConnectionEvents {
  /** A binary frame of a child (output, snapshot) or of a request (replay). */
  frame(kind: number, channel: number, message: Uint8Array): void;
  notice(notice: HostNotice): void;
  closed(): void;
}

export interface LinkConnection {
  request<Op extends keyof HostOperations>(op: Op, input: HostOperations[Op]["input"]): Promise<HostOperations[Op]["output"]>;
  /** Like request, but the answer is handled in the very turn it arrives, before any later frame. Returns the request's id. */
  requestInOrder<Op extends keyof HostOperations>(
    op: Op,
    input: HostOperations[Op]["input"],
    answered: (result: HostOperations[Op]["output"] | undefined, error: GantryError | undefined) => void,
  ): number;
  command(command: HostCommand): void;
  input(number: number, bytes: Uint8Array): void;
  close(): void;
}

type Answered = (result: unknown, error: GantryError | undefined) => void;

export function createLinkConnection(socket: Socket, events: LinkConnectionEvents): LinkConnection {
  const decoder = new FrameDecoder();
  const waiting = new Map<number, Answered>();
  let nextId = 1;
  let open = true;

  const receive = ({ kind, channel, payload }: Frame): void => {
    if (kind !== jsonFrame) return events.frame(kind, channel, payload);
    const message = decodeJsonPayload(payload) as HostReply | HostNotice;
    if ("event" in message) return events.notice(message);
    const answered = waiting.get(message.id);
    waiting.delete(message.id);
    if ("error" in message) {
      const { code, message: text, details } = message.error;
      answered?.(undefined, new GantryError(code, text, details === undefined ? {} : { details }));
    } else answered?.(message.result, undefined);
  };
  socket.setNoDelay(true);
  socket.on("data", (bytes: Buffer) => {
    try {
      for (const frame of decoder.push(bytes)) receive(frame);
    } catch (error) {
      socket.destroy(error as Error);
    }
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    open = false;
    const error = new GantryError("unavailable", "The process host went away before it answered.");
    for (const answered of waiting.values()) answered(undefined, error);
    waiting.clear();
    events.closed();
  });

  const requestInOrder: LinkConnection["requestInOrder"] = (op, input, answered) => {
    const id = nextId;
    nextId += 1;
    if (!open) answered(undefined, new GantryError("unavailable", "The process host is not connected."));
    else {
      waiting.set(id, answered as Answered);
      socket.write(encodeJsonFrame(0, { id, op, input }));
    }
    return id;
  };
  return {
    requestInOrder,
    request: (op, input) =>
      new Promise((resolve, reject) => {
        requestInOrder(op, input, (result, error) => (error === undefined ? resolve(result as never) : reject(error)));
      }),
    command: (command) => void socket.write(encodeJsonFrame(0, command)),
    // Small, as nearly all input is: one write of a copy costs less than two.
    input: (number, bytes) => void socket.write(encodeFrame(hostFrames.input, number, bytes)),
    close: () => void socket.destroy(),
  };
}
