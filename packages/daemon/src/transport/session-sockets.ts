/** One Socket.IO connection of `/sessions`: any number of attachments, each a channel that speaks the messages of `gantry.json`. */
import { GantryError, type Problem } from "@gantry/contract";
import type { Socket } from "socket.io";

import type { Caller } from "../core/caller.ts";
import { newRequestId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { TextCarrier } from "./json-duplex.ts";
import { toProblem } from "./problem.ts";

export type AcceptSessionSocket = (socket: Socket, caller: Caller) => void;

interface SessionSocketOptions {
  logger: Logger;
  open(carrier: TextCarrier, input: unknown, encoding: unknown): Promise<void>;
}

interface Channel {
  receive(text: string): void;
  closed(): void;
}

/** A page shows a handful of terminals; this bounds what one connection can hold. */
const maxChannels = 64;

/**
 * Client: `attach {id, since?, readOnly?, control?, cols?, rows?, encoding?}` is acknowledged with `{channel}` or `{error}`;
 * then `message {channel, type, …}` and `detach {channel}`. Server: `message {channel, type, …}`, and `detached {channel, error?}`
 * at the end of an attachment.
 */
export function acceptSessionSocket(socket: Socket, { open, logger }: SessionSocketOptions): void {
  const channels = new Map<number, Channel>();
  let nextChannel = 1;
  const close = (channel: number, error?: Problem): void => {
    const known = channels.get(channel);
    if (known === undefined) return;
    channels.delete(channel);
    socket.emit("detached", { channel, ...(error === undefined ? {} : { error }) });
    known.closed();
  };
  const refuse = (channel: unknown, detail: string): void =>
    void socket.emit("message", { channel, type: "error", code: "invalidArgument", detail });

  const attach = async (given: unknown, acknowledge: unknown): Promise<void> => {
    const answer = typeof acknowledge === "function" ? (acknowledge as (reply: object) => void) : () => {};
    const channel = nextChannel;
    nextChannel += 1;
    try {
      if (channels.size >= maxChannels)
        throw new GantryError("resourceExhausted", `${maxChannels} attachments are open on this connection.`);
      const { encoding, ...input } = (typeof given === "object" && given !== null ? given : {}) as Record<string, unknown>;
      const texts: ((text: string) => void)[] = [];
      const ends: (() => void)[] = [];
      channels.set(channel, { receive: (text) => texts.forEach((take) => take(text)), closed: () => ends.forEach((end) => end()) });
      const carrier: TextCarrier = {
        send(text, taken) {
          if (!channels.has(channel)) return;
          socket.emit("message", { channel, ...(JSON.parse(text) as object) });
          // Engine.IO tells when its buffer has gone to the socket; when it is empty already, so has this.
          if (socket.conn.transport.writable && socket.conn.readyState === "open") setImmediate(taken);
          else socket.conn.once("drain", taken);
        },
        get bufferedBytes() {
          return (socket.conn.transport as unknown as { socket?: { bufferedAmount?: number } }).socket?.bufferedAmount ?? 0;
        },
        onText: (listener) => void texts.push(listener),
        onClose: (listener) => void ends.push(listener),
        close: (problem) => close(channel, problem),
      };
      await open(carrier, input, encoding);
      answer({ channel });
    } catch (error) {
      const problem = toProblem(error, newRequestId(), logger);
      channels.delete(channel);
      answer({ error: problem });
    }
  };

  socket.on("attach", (given: unknown, acknowledge: unknown) => void attach(given, acknowledge));
  socket.on("message", (given: unknown) => {
    const { channel, ...message } = (typeof given === "object" && given !== null ? given : {}) as Record<string, unknown>;
    const known = channels.get(channel as number);
    if (known === undefined) refuse(channel ?? null, `There is no channel ${JSON.stringify(channel) ?? "nothing"} on this connection.`);
    else known.receive(JSON.stringify(message));
  });
  socket.on("detach", (given: unknown) => close((given as { channel?: unknown } | null)?.channel as number));
  socket.on("disconnect", () => {
    for (const { closed } of channels.values()) closed();
    channels.clear();
  });
}
