/** The client's side of the control socket. Needs node:net only, which costs nothing at start-up. */
import { connect, type Socket } from "node:net";

import { bytesFrame, type ControlReply, type ControlRequest } from "@gantry/contract/control-protocol";
import { errorFromProblem, GantryError } from "@gantry/contract/errors";
import { decodeJsonPayload, encodeFrame, encodeJsonFrame, type Frame, FrameDecoder, jsonFrame } from "@gantry/contract/frames";

import type { CallOptions, Transport } from "../transport.ts";

/** A channel of bytes, such as an attachment to a session. */
export interface ByteChannel {
  send(message: Uint8Array): void;
  close(): void;
}

export interface ByteChannelEvents {
  onMessage(message: Uint8Array): void;
  /** Called once; with the error when it did not end in order. */
  onClose(error: GantryError | undefined): void;
}

export interface ControlConnection extends Transport {
  /** Resolves when the daemon has accepted it; rejects with its reason otherwise. */
  open(operation: string, input: unknown, events: ByteChannelEvents): Promise<ByteChannel>;
  /** Lets the process end even while the connection is open; `ref` takes it back. */
  unref(): void;
  ref(): void;
  /** True once it carries nothing any more. */
  readonly closed: boolean;
  close(): void;
}

interface Channel {
  reply(reply: ControlReply): void;
  bytes(message: Uint8Array): void;
  lost(error: GantryError): void;
}

/** Rejects with `unavailable` when nobody listens there. */
export function connectControl(path: string): Promise<ControlConnection> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("error", (cause) => reject(new GantryError("unavailable", `No daemon answers on ${path}.`, { cause })));
    socket.once("connect", () => resolve(speak(socket)));
  });
}

function speak(socket: Socket): ControlConnection {
  const decoder = new FrameDecoder();
  const channels = new Map<number, Channel>();
  let lastChannel = 0;

  const lose = () => {
    const error = new GantryError(
      "aborted",
      "The daemon closed the connection before it answered; whether the request was carried out is not known.",
    );
    for (const channel of channels.values()) channel.lost(error);
    channels.clear();
  };
  socket.on("error", () => socket.destroy());
  socket.on("close", lose);
  socket.on("data", (chunk: Buffer) => {
    for (const frame of decoder.push(chunk)) receive(frame);
  });

  const receive = ({ kind, channel: number, payload }: Frame) => {
    const channel = channels.get(number);
    if (channel === undefined) return;
    if (kind === bytesFrame) channel.bytes(payload);
    else if (kind === jsonFrame) {
      const reply = decodeJsonPayload(payload) as ControlReply;
      if (!("event" in reply) && !("attached" in reply)) channels.delete(number);
      channel.reply(reply);
    }
  };

  const request = (message: ControlRequest, channel: Channel) => {
    lastChannel += 1;
    channels.set(lastChannel, channel);
    if (socket.destroyed) lose();
    else socket.write(encodeJsonFrame(lastChannel, message));
    return lastChannel;
  };
  const cancel = (number: number) => {
    if (channels.has(number)) socket.write(encodeJsonFrame(number, { cancel: true }));
  };

  return {
    call(op, input, options = {}) {
      return new Promise((resolve, reject) => {
        const number = request(
          { op, input },
          {
            reply: (reply) => {
              finish();
              if ("error" in reply) reject(errorFromProblem(reply.error));
              else resolve((reply as { output: unknown }).output);
            },
            bytes: () => undefined,
            lost: (error) => {
              finish();
              reject(error);
            },
          },
        );
        const finish = giveUp(
          options,
          () => cancel(number),
          (error) => {
            channels.delete(number);
            reject(error);
          },
        );
      });
    },
    async *stream(op, input, options = {}) {
      const queue: ControlReply[] = [];
      let failure: GantryError | undefined;
      let wake: () => void = () => undefined;
      const notify = () => wake();
      const number = request(
        { op, input, stream: true },
        {
          reply(reply) {
            queue.push(reply);
            // Stops reading from the socket while the consumer is behind, which in turn slows the daemon's producer.
            if (queue.length > pauseAboveEvents) socket.pause();
            notify();
          },
          bytes: () => undefined,
          lost(error) {
            failure = error;
            notify();
          },
        },
      );
      const finish = giveUp(
        options,
        () => cancel(number),
        (error) => {
          failure = error;
          notify();
        },
      );
      try {
        for (;;) {
          const reply = queue.shift();
          if (reply === undefined) {
            if (failure !== undefined) throw failure;
            await new Promise<void>((resolve) => (wake = resolve));
            continue;
          }
          if (queue.length === 0) socket.resume();
          if ("error" in reply) throw errorFromProblem(reply.error);
          if ("end" in reply) return;
          if ("output" in reply) {
            yield reply.output;
            return;
          }
          yield (reply as { event: unknown }).event;
        }
      } finally {
        finish();
        socket.resume();
        cancel(number);
        channels.delete(number);
      }
    },
    open(op, input, { onMessage, onClose }) {
      return new Promise((resolve, reject) => {
        let opened = false;
        const end = (error: GantryError | undefined) => {
          if (opened) onClose(error);
          else reject(error ?? new GantryError("aborted", "The daemon closed the channel at once."));
        };
        const number = request(
          { op, input },
          {
            reply(reply) {
              if ("attached" in reply) {
                opened = true;
                resolve({ send: (message) => void socket.write(encodeFrame(bytesFrame, number, message)), close: () => cancel(number) });
              } else end("error" in reply ? errorFromProblem(reply.error) : undefined);
            },
            bytes: onMessage,
            lost: end,
          },
        );
      });
    },
    unref: () => void socket.unref(),
    ref: () => void socket.ref(),
    get closed() {
      // Also between the daemon's goodbye and the end of the socket.
      return socket.destroyed || !socket.readable || !socket.writable;
    },
    // What was written still leaves; waiting for the daemon's goodbye would only lengthen every command.
    close: () => void socket.end().unref(),
  };
}

const pauseAboveEvents = 256;

/** Calls `onGiveUp` on abort or timeout, after telling the daemon; returns the function that disarms it. */
function giveUp({ signal, timeoutMs }: CallOptions, tellDaemon: () => void, onGiveUp: (error: GantryError) => void): () => void {
  const stop = (error: GantryError) => {
    tellDaemon();
    onGiveUp(error);
  };
  const onAbort = () => stop(new GantryError("cancelled", "The request was cancelled."));
  if (signal?.aborted === true) queueMicrotask(onAbort);
  else signal?.addEventListener("abort", onAbort, { once: true });
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(
          () => stop(new GantryError("deadlineExceeded", "No answer came in the time allowed; whether it was done is not known.")),
          timeoutMs,
        );
  return () => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  };
}
