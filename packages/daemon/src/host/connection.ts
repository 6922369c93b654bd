/** One daemon's connection to the host: its requests, and the output of the children it follows, never more than it takes. */
import type { Socket } from "node:net";

import { GantryError } from "@gantry/contract/errors";
import {
  decodeJsonPayload,
  encodeFrameHeader,
  encodeJsonFrame,
  FrameDecoder,
  type Frame,
  frameHeaderBytes,
  jsonFrame,
  writeFrameHeader,
} from "@gantry/contract/frames";
import { encodeServerMessage, outputHeaderBytes, writeOutputHeader } from "@gantry/contract/session-protocol";

import type { Child } from "./child.ts";
import type { HostProblem } from "./interface.ts";
import { type HostCommand, hostFrames, type HostNotice, type HostOperations, type HostRequest, type ReplayEnd } from "./protocol.ts";
import type { RingPiece } from "./ring.ts";

export type NumberedChild = Child & { readonly number: number; readonly id: string };

export interface ConnectionHost {
  child(number: number): NumberedChild | undefined;
  /** Everything but what concerns this connection alone. */
  handle(request: HostRequest): Promise<unknown>;
  closed(connection: Connection): void;
  warning(message: string, facts: Record<string, unknown>): void;
}

export interface Connection {
  /** A child has output to pass on. */
  output(child: NumberedChild): void;
  /** After the child's last byte of output. */
  exit(child: NumberedChild): void;
  notify(notice: HostNotice): void;
  close(): void;
}

interface Followed {
  child: NumberedChild;
  /** Everything before this offset has been written to the socket. */
  sent: number;
  exitDue: boolean;
  snapshotting: boolean;
}

const outputFrameBytes = frameHeaderBytes + outputHeaderBytes;
/** One write of a copy costs less than two writes at once. */
const copyBelowBytes = 8 * 1024;

// A daemon that stops reading costs the host this much, not the size of a flood.
const maxUnsentBytes = 4 * 1024 * 1024;

export function createConnection(socket: Socket, host: ConnectionHost): Connection {
  const decoder = new FrameDecoder();
  const followed = new Map<number, Followed>();

  const sendMessage = (kind: number, channel: number, message: Uint8Array): void => {
    socket.cork();
    socket.write(encodeFrameHeader(kind, channel, message.length));
    socket.write(message);
    socket.uncork();
  };
  /** Frame header and message header in one small buffer, the data as it lies in the ring; or all in one, when that is cheaper. */
  const sendPiece = (kind: number, channel: number, { stream, offset, data }: RingPiece): void => {
    const whole = data.length <= copyBelowBytes;
    const header = Buffer.allocUnsafe(outputFrameBytes + (whole ? data.length : 0));
    writeFrameHeader(header, kind, channel, outputHeaderBytes + data.length);
    writeOutputHeader(header, frameHeaderBytes, stream, offset);
    if (whole) {
      header.set(data, outputFrameBytes);
      socket.write(header);
      return;
    }
    socket.cork();
    socket.write(header);
    socket.write(data);
    socket.uncork();
  };
  const sendJson = (value: unknown): void => void socket.write(encodeJsonFrame(0, value));

  const pump = (follow: Followed): void => {
    const { child } = follow;
    while (follow.sent < child.dueOffset && !follow.snapshotting) {
      if (socket.writableLength > maxUnsentBytes) return;
      const piece = child.ring.read(follow.sent);
      if (piece === undefined) return startAnew(follow);
      sendPiece(hostFrames.output, child.number, piece);
      follow.sent += piece.data.length;
    }
    if (follow.exitDue && !follow.snapshotting && child.exit !== undefined) {
      follow.exitDue = false;
      sendJson({ event: "exit", number: child.number, childId: child.id, exit: child.exit } satisfies HostNotice);
    }
  };
  /** What this connection missed is no longer kept. */
  const startAnew = (follow: Followed): void => {
    const { child } = follow;
    if (child.status().mode === "pipe") {
      follow.sent = child.ring.startOffset;
      return pump(follow);
    }
    follow.snapshotting = true;
    void child.snapshot().then((snapshot) => {
      follow.snapshotting = false;
      follow.sent = snapshot.offset;
      sendMessage(hostFrames.snapshot, child.number, encodeServerMessage({ type: "snapshot", ...snapshot }));
      pump(follow);
    });
  };

  const replay = async (id: number, { number, since, limitBytes, scrollbackLines }: HostOperations["replay"]["input"]): Promise<void> => {
    const child = host.child(number);
    if (child === undefined) throw new GantryError("notFound", "There is no such process any more.");
    let follow = followed.get(number);
    if (follow === undefined) {
      follow = { child, sent: child.ring.endOffset, exitDue: false, snapshotting: false };
      followed.set(number, follow);
    }
    const { ring } = child;
    let offset = Math.min(since ?? -1, ring.endOffset);
    if (offset < ring.startOffset) {
      if (child.status().mode === "pty") {
        const snapshot = await child.snapshot(scrollbackLines);
        offset = snapshot.offset;
        sendMessage(hostFrames.replay, id, encodeServerMessage({ type: "snapshot", ...snapshot }));
      } else offset = ring.startOffset;
    }
    // From here to the reply nothing else is written, not even by a promise that settles now: the follower joins the live stream at `sent`.
    const stop = offset + limitBytes;
    while (offset < follow.sent && offset < stop) {
      const piece = ring.read(offset);
      if (piece === undefined) break;
      const data = piece.data.subarray(0, Math.min(follow.sent - offset, stop - offset));
      sendPiece(hostFrames.replay, id, { ...piece, data });
      offset += data.length;
    }
    const live = offset >= follow.sent;
    const over = live && child.exit !== undefined && follow.sent === ring.endOffset && !follow.snapshotting;
    if (live && !over && child.exit !== undefined) follow.exitDue = true;
    sendJson({ id, result: { offset, live, ...(over ? { exit: child.exit } : {}) } satisfies ReplayEnd });
  };

  const snapshot = async (id: number, number: number): Promise<void> => {
    const child = host.child(number);
    if (child === undefined) throw new GantryError("notFound", "There is no such process any more.");
    sendMessage(hostFrames.replay, id, encodeServerMessage({ type: "snapshot", ...(await child.snapshot()) }));
  };

  const answer = async (request: HostRequest): Promise<void> => {
    try {
      if (request.op === "replay") await replay(request.id, request.input);
      else if (request.op === "snapshot") {
        await snapshot(request.id, request.input.number);
        sendJson({ id: request.id, result: {} });
      } else sendJson({ id: request.id, result: await host.handle(request) });
    } catch (error) {
      sendJson({ id: request.id, error: problemOf(error, host) });
    }
  };
  const command = (message: HostCommand): void => {
    const child = host.child(message.number);
    if (message.do === "unfollow") followed.delete(message.number);
    else if (message.do === "resize") child?.resize(message.cols, message.rows);
    else child?.closeInput();
  };
  const receive = ({ kind, channel, payload }: Frame): void => {
    if (kind === hostFrames.input) return host.child(channel)?.write(payload);
    if (kind !== jsonFrame) return;
    const message = decodeJsonPayload(payload) as HostRequest | HostCommand;
    if ("do" in message) command(message);
    else void answer(message);
  };

  socket.setNoDelay(true);
  socket.on("data", (bytes: Buffer) => {
    try {
      for (const frame of decoder.push(bytes)) receive(frame);
    } catch (error) {
      host.warning("a daemon broke the protocol; its connection is closed", { err: error });
      socket.destroy();
    }
  });
  socket.on("drain", () => {
    for (const follow of followed.values()) pump(follow);
  });
  socket.on("error", () => socket.destroy());
  const connection: Connection = {
    output(child) {
      const follow = followed.get(child.number);
      if (follow !== undefined) pump(follow);
    },
    exit(child) {
      const follow = followed.get(child.number);
      if (follow === undefined) {
        sendJson({
          event: "exit",
          number: child.number,
          childId: child.id,
          exit: child.exit as NonNullable<typeof child.exit>,
        } satisfies HostNotice);
      } else {
        follow.exitDue = true;
        pump(follow);
      }
    },
    notify: sendJson,
    close: () => void socket.destroy(),
  };
  socket.on("close", () => host.closed(connection));
  return connection;
}

function problemOf(error: unknown, host: ConnectionHost): HostProblem {
  if (error instanceof GantryError) return { code: error.code, message: error.message, details: error.details };
  host.warning("a request failed", { err: error });
  return { code: "internal", message: "The process host could not do this; its log says why." };
}
