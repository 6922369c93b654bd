/** Joins the user's terminal with a session until it ends, the user detaches, or the daemon stays away; survives a daemon's restart. */
import { setTimeout as delay } from "node:timers/promises";

import { type ByteChannel, connectLocal, type InstanceChoice, type LocalClient } from "@gantry/client/node";
import { GantryError } from "@gantry/contract/errors";
import {
  type ClientMessage,
  encodeClientMessage,
  maxCols,
  maxInputBytes,
  maxRows,
  parseServerMessage,
  type ServerMessage,
  type SessionExit,
} from "@gantry/contract/session-protocol";

import { plain } from "../output/plain.ts";
import { createDetachKey } from "./detach-key.ts";
import { createLocalTerminal, type LocalTerminal } from "./local-terminal.ts";

export interface AttachTerminalOptions {
  choice: InstanceChoice;
  /** Id or name. */
  id: string;
  readOnly: boolean;
  detachKey: string | undefined;
  mode: "pty" | "pipe";
  /** The terminal shows nothing of it yet, so all output from the beginning is wanted instead of a snapshot. */
  fromStart: boolean;
}

export type AttachOutcome = { detached: true } | { detached: false; exit: SessionExit };

const reconnectPollMs = 100;
const reconnectDeadlineMs = 60_000;
/** A restart of the daemon is usually over before, and then nobody needs to know of it. */
const tellAfterMs = 2000;
/** Well below the window of 1 MiB, so that a fast terminal is never waited for. */
const ackEveryBytes = 128 * 1024;

export async function attachTerminal(options: AttachTerminalOptions): Promise<AttachOutcome> {
  // Before the terminal is touched: most refusals come here.
  let local: LocalClient = await connectLocal(options.choice);
  const detachKey = createDetachKey(options.detachKey);
  let terminal: LocalTerminal | undefined;
  let channel: ByteChannel | undefined;
  let shown: number | undefined = options.fromStart ? 0 : undefined;
  let acked = 0;
  let unwritten = 0;
  let exit: SessionExit | undefined;
  let over = false;
  let settle: (outcome: AttachOutcome) => void = () => {};
  let fail: (error: unknown) => void = () => {};
  const outcome = new Promise<AttachOutcome>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });

  const show = (data: Uint8Array, end: number, stream: 1 | 2): void => {
    shown = end;
    unwritten += 1;
    const written = (): void => {
      unwritten -= 1;
      if (end - acked < ackEveryBytes && unwritten > 0) return;
      acked = end;
      send({ type: "ack", offset: end });
    };
    if (stream === 1) terminal?.write(data, written);
    else terminal?.writeError(data, written);
  };
  const send = (message: ClientMessage): void => channel?.send(encodeClientMessage(message));
  const receive = (message: ServerMessage): void => {
    switch (message.type) {
      case "output":
        return show(message.data, message.offset + message.data.length, message.stream);
      case "snapshot":
        terminal?.makeRoom();
        acked = message.offset;
        return show(message.data, message.offset, 1);
      case "broadcast":
        return terminal?.notice(`[${plain(message.value.from)}: ${plain(message.value.message)}]`);
      case "error":
        return terminal?.notice(`[gantry: ${plain(message.value.detail)}]`);
      case "exit":
        exit = message.value;
        return;
      default:
        return;
    }
  };

  const attach = async (): Promise<void> => {
    const size = fitting(process.stdout.isTTY ? { cols: process.stdout.columns, rows: process.stdout.rows } : undefined);
    const early: ServerMessage[] = [];
    const input = {
      id: options.id,
      readOnly: options.readOnly,
      control: !options.readOnly,
      ...size,
      ...(shown === undefined ? {} : { since: shown }),
    };
    const opened = await local.connection.open("sessions.attach", input, {
      onMessage(bytes) {
        const message = parseServerMessage(bytes);
        // The first messages come before `opened` is known here.
        if (channel === undefined) early.push(message);
        else receive(message);
      },
      onClose(error) {
        channel = undefined;
        if (over) return;
        if (exit !== undefined) settle({ detached: false, exit });
        else if (error === undefined || error.code === "aborted" || error.code === "unavailable") keepTrying();
        else fail(error);
      },
    });
    terminal ??= start();
    channel = opened;
    for (const message of early.splice(0)) receive(message);
  };
  const reconnect = async (): Promise<void> => {
    local.close();
    const begin = performance.now();
    let told = false;
    for (;;) {
      await delay(reconnectPollMs);
      // Detached meanwhile: a connection made now would keep the process from ending.
      if (over) return;
      try {
        local = await connectLocal(options.choice);
        await attach();
        return;
      } catch (error) {
        const away = error instanceof GantryError && (error.code === "unavailable" || error.code === "aborted");
        const waitedMs = performance.now() - begin;
        if (!away || waitedMs > reconnectDeadlineMs) throw error;
        if (told || waitedMs < tellAfterMs) continue;
        told = true;
        terminal?.notice("[gantry: the daemon is away; waiting for it. The session goes on.]");
        // The notice is written over what the program shows: the whole screen is wanted instead of what was missed.
        shown = undefined;
      }
    }
  };
  const keepTrying = (): void => {
    reconnect().catch(fail);
  };
  const start = (): LocalTerminal => {
    const created = createLocalTerminal({ raw: options.mode === "pty" });
    created.onInput((bytes) => {
      const { pass, detach } = detachKey.push(bytes);
      if (!options.readOnly) {
        for (let at = 0; at < pass.length; at += maxInputBytes) {
          send({ type: "input", data: pass.subarray(at, at + maxInputBytes) });
        }
      }
      if (detach) settle({ detached: true });
    });
    created.onResize((size) => send({ type: "resize", ...(fitting(size) as typeof size) }));
    if (options.mode === "pipe") {
      // A terminal's program sees Ctrl-D itself; a pipe's learns of the end only so.
      if (!options.readOnly) created.onInputEnd(() => send({ type: "end" }));
      created.onInterrupt((signal) => {
        if (signal === "SIGQUIT" || options.readOnly) settle({ detached: true });
        else send({ type: "interrupt" });
      });
    }
    return created;
  };

  try {
    await attach();
    return await outcome;
  } finally {
    over = true;
    terminal?.restore();
    local.close();
  }
}

function fitting(size: { cols: number; rows: number } | undefined): { cols: number; rows: number } | undefined {
  if (size === undefined || !(size.cols > 0 && size.rows > 0)) return undefined;
  return { cols: Math.min(size.cols, maxCols), rows: Math.min(size.rows, maxRows) };
}
