/** The client's side of the control socket. Needs node:net only, which costs nothing at start-up. */
import { connect, type Socket } from "node:net";

import { bytesFrame, type ControlItems, type ControlReply, type ControlRequest } from "@gantry/contract/control-protocol";
import { errorFromProblem, GantryError } from "@gantry/contract/errors";
import { decodeJsonPayload, encodeFrame, encodeJsonFrame, type Frame, FrameDecoder, jsonFrame } from "@gantry/contract/frames";

import type { CallOptions, Transport } from "../transport.ts";
import type { ItemSender } from "./item-sender.ts";

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
  /** So many more items of its input may be sent. */
  credit?(items: number): void;
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
      if ("credit" in reply) return channel.credit?.(reply.credit);
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
  const write = (number: number, message: ControlItems) => {
    if (socket.destroyed || socket.write(encodeJsonFrame(number, message))) return undefined;
    return new Promise<void>((resolve) => {
      const done = () => {
        socket.off("drain", done).off("close", done);
        resolve();
      };
      socket.on("drain", done).on("close", done);
    });
  };
  /** Says in the input that items follow, and sends them as credit comes. */
  const withItems = (input: unknown, items: NonNullable<CallOptions["input"]>, fail: (error: unknown) => void) => {
    let credit = 0;
    let isOver = false;
    let sender: ItemSender | undefined;
    return {
      input: { ...(input as object), input: "stream" },
      credit(more: number) {
        if (sender !== undefined) sender.credit(more);
        else credit += more;
      },
      // Loaded only where it is needed: every start of the CLI would pay for it.
      begin(number: number) {
        void import("./item-sender.ts").then(({ sendItems }) => {
          if (isOver) return;
          sender = sendItems(items, { write: (message) => (channels.has(number) ? write(number, message) : undefined), fail });
          sender.credit(credit);
        });
      },
      stop() {
        isOver = true;
        sender?.stop();
      },
    };
  };
  const cancel = (number: number) => {
    if (channels.has(number)) socket.write(encodeJsonFrame(number, { cancel: true }));
  };

  return {
    call(op, input, options = {}) {
      return new Promise((resolve, reject) => {
        const items = options.input === undefined ? undefined : withItems(input, options.input, (error) => giveUpWith(error));
        const number = request(
          { op, input: items?.input ?? input },
          {
            ...(items === undefined ? {} : { credit: items.credit }),
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
        const disarm = giveUp(
          options,
          () => cancel(number),
          (error) => {
            finish();
            channels.delete(number);
            reject(error);
          },
        );
        const finish = () => {
          items?.stop();
          disarm();
        };
        const giveUpWith = (error: unknown) => {
          cancel(number);
          finish();
          channels.delete(number);
          reject(error);
        };
        items?.begin(number);
      });
    },
    async *stream(op, input, options = {}) {
      const queue: ControlReply[] = [];
      let failure: { error: unknown } | undefined;
      let wake: () => void = () => undefined;
      const notify = () => wake();
      const fail = (error: unknown) => {
        failure = { error };
        notify();
      };
      const items = options.input === undefined ? undefined : withItems(input, options.input, fail);
      const number = request(
        { op, input: items?.input ?? input, stream: true },
        {
          ...(items === undefined ? {} : { credit: items.credit }),
          reply(reply) {
            queue.push(reply);
            // Stops reading from the socket while the consumer is behind, which in turn slows the daemon's producer.
            if (queue.length > pauseAboveEvents) socket.pause();
            notify();
          },
          bytes: () => undefined,
          lost: fail,
        },
      );
      const finish = giveUp(options, () => cancel(number), fail);
      items?.begin(number);
      try {
        for (;;) {
          const reply = queue.shift();
          if (reply === undefined) {
            if (failure !== undefined) throw failure.error;
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
        items?.stop();
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
