/** The owner's way in: a unix socket that only the owner's uid can reach, speaking frames instead of HTTP. */
import { chmod, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { dirname } from "node:path";

import {
  bytesFrame,
  type ControlItems,
  type ControlReply,
  type ControlRequest,
  decodeJsonPayload,
  encodeFrameHeader,
  encodeJsonFrame,
  type Frame,
  FrameDecoder,
  GantryError,
  jsonFrame,
  streamCreditChunks,
} from "@gantry/contract";

import { ensurePrivateFolder } from "../core/private-folder.ts";
import type { Caller } from "../core/caller.ts";
import type { Duplex, OpenDuplex } from "../core/duplex.ts";
import { type BoundOperation, isStream } from "../core/handlers.ts";
import { newRequestId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { createItemQueue, type ItemQueue } from "./item-queue.ts";
import { toProblem } from "./problem.ts";
import { runOperation } from "./run-operation.ts";

interface ControlSocketOptions {
  path: string;
  operations: BoundOperation[];
  /** Operations that become a two-way channel of bytes, by name. */
  duplexes: Record<string, OpenDuplex>;
  caller: Caller;
  logger: Logger;
}

interface Channel {
  abort: AbortController;
  duplex?: SocketDuplex;
  /** Of a request that goes on with items. */
  incoming?: { queue: ItemQueue; credit: number };
}

/** A request or keystroke is small; this bounds what a confused local program can make the daemon hold. */
const maxIncomingBytes = 16 * 1024 * 1024;

/** Listens and resolves to the closer. The instance lock must be held: whatever socket file is in the way is stale. */
export async function listenOnControlSocket(options: ControlSocketOptions): Promise<() => Promise<void>> {
  const { path, logger } = options;
  await ensurePrivateFolder(dirname(path));
  await rm(path, { force: true });
  const operations = new Map(options.operations.map((bound) => [bound.operation.name, bound]));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    serve(socket, operations, options);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  server.on("error", (error) => logger.error({ err: error }, "control socket"));
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroySoon();
    });
}

function serve(socket: Socket, operations: Map<string, BoundOperation>, options: ControlSocketOptions): void {
  const { logger } = options;
  const decoder = new FrameDecoder(maxIncomingBytes);
  const channels = new Map<number, Channel>();
  const send = (channel: number, reply: ControlReply) => socket.write(encodeJsonFrame(channel, reply));

  const finish = (number: number, reply: ControlReply) => {
    if (!channels.delete(number) || socket.destroyed) return;
    send(number, reply);
  };

  const run = async (number: number, { op, input, stream }: ControlRequest) => {
    const channel: Channel = { abort: new AbortController() };
    channels.set(number, channel);
    const requestId = newRequestId();
    const bound = operations.get(op);
    try {
      const openDuplex = options.duplexes[op];
      if (openDuplex !== undefined) {
        const duplex = new SocketDuplex(socket, number, (reply) => finish(number, reply));
        channel.duplex = duplex;
        await openDuplex(duplex, input, options.caller);
        return;
      }
      if (bound === undefined)
        throw new GantryError(
          "unimplemented",
          `This daemon does not know ${op}: it is older than this client. Restart it with: gantry restart`,
        );
      const items = bound.operation.inputStream === true && isStreamed(input) ? openItems(number, channel) : undefined;
      const answer = await runOperation(bound, input, {
        caller: options.caller,
        signal: channel.abort.signal,
        requestId,
        wantsStream: stream === true,
        items,
      });
      if (!isStream(answer)) {
        finish(number, { output: answer });
        return;
      }
      for await (const event of answer) {
        if (channel.abort.signal.aborted) break;
        // A client that reads slowly slows the producer instead of filling this process.
        if (!send(number, { event })) await drained(socket);
      }
      finish(number, { end: true });
    } catch (error) {
      finish(number, { error: toProblem(error, requestId, logger, bound?.operation) });
    }
  };

  /** Its credit is refilled as the items are taken, so that the client is slowed and nothing piles up. */
  const openItems = (number: number, channel: Channel): AsyncIterable<unknown[]> => {
    const grant = (credit: number) => {
      if (channel.incoming === undefined || channels.get(number) !== channel) return;
      channel.incoming.credit += credit;
      send(number, { credit });
    };
    channel.incoming = { queue: createItemQueue({ taken: grant }), credit: 0 };
    grant(streamCreditChunks);
    return channel.incoming.queue.items;
  };

  const takeItems = (incoming: { queue: ItemQueue; credit: number }, message: Partial<{ items: unknown; end: unknown }>) => {
    if (message.end === true) incoming.queue.end();
    if (!Array.isArray(message.items)) return;
    incoming.credit -= message.items.length;
    if (incoming.credit < 0) incoming.queue.fail(new GantryError("invalidArgument", "More items came than there was credit for."));
    else incoming.queue.push(message.items);
  };

  const receive = ({ kind, channel: number, payload }: Frame) => {
    const channel = channels.get(number);
    if (kind === bytesFrame) channel?.duplex?.receive(payload);
    else if (kind === jsonFrame) {
      const message = decodeJsonPayload(payload) as Partial<ControlRequest & ControlItems> & { cancel?: boolean };
      if (channel === undefined && typeof message.op === "string") void run(number, message as ControlRequest);
      else if (channel !== undefined && message.cancel === true) {
        channel.abort.abort();
        channel.duplex?.end();
      } else if (channel?.incoming !== undefined) takeItems(channel.incoming, message);
    }
  };

  socket.on("data", (chunk: Buffer) => {
    try {
      for (const frame of decoder.push(chunk)) receive(frame);
    } catch (error) {
      logger.warn({ err: error }, "a client of the control socket broke the protocol and was disconnected");
      socket.destroy();
    }
  });
  socket.on("error", () => socket.destroy());
  socket.on("close", () => {
    for (const channel of channels.values()) {
      channel.abort.abort();
      channel.duplex?.end();
    }
    channels.clear();
  });
}

function isStreamed(input: unknown): boolean {
  return (input as { input?: unknown } | null | undefined)?.input === "stream";
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
}

class SocketDuplex implements Duplex {
  readonly #socket: Socket;
  readonly #channel: number;
  readonly #finish: (reply: ControlReply) => void;
  #onMessage: (message: Uint8Array) => void = () => undefined;
  #onClose: (() => void) | undefined;
  #attached = false;
  #closed = false;

  constructor(socket: Socket, channel: number, finish: (reply: ControlReply) => void) {
    this.#socket = socket;
    this.#channel = channel;
    this.#finish = finish;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  send(message: Uint8Array): void {
    if (this.#closed) return;
    this.#socket.cork();
    if (!this.#attached) {
      this.#attached = true;
      this.#socket.write(encodeJsonFrame(this.#channel, { attached: true }));
    }
    this.#socket.write(encodeFrameHeader(bytesFrame, this.#channel, message.length));
    // The payload is passed on as it is, so that many viewers share one buffer.
    this.#socket.write(message);
    this.#socket.uncork();
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#onMessage = listener;
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#onClose = listener;
  }

  close(problem?: Parameters<Duplex["close"]>[0]): void {
    if (this.#closed) return;
    this.#finish(problem === undefined ? { end: true } : { error: problem });
    this.end();
  }

  receive(message: Uint8Array): void {
    if (!this.#closed) this.#onMessage(message);
  }

  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose?.();
  }
}
