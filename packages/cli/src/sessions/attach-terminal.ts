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
import { type AttachKey, createAttachKeys, describeKeys } from "./attach-keys.ts";
import { createNotices } from "./attach-notices.ts";
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
/** Of somebody who may be looking away. */
const broadcastMs = 20_000;
/** The program paints its whole screen for the size that comes with another's control: it would paint over the notice. */
const tellLossAfterMs = 400;
const helpMs = 10_000;
const escape = 0x1b;

export async function attachTerminal(options: AttachTerminalOptions): Promise<AttachOutcome> {
  // A connection that nobody closes would keep the process from ending: what refuses without one comes first.
  const keys = createAttachKeys(options.detachKey);
  // Before the terminal is touched: most refusals come here.
  let local: LocalClient = await connectLocal(options.choice);
  let terminal: LocalTerminal | undefined;
  let channel: ByteChannel | undefined;
  let shown: number | undefined = options.fromStart ? 0 : undefined;
  let acked = 0;
  let unwritten = 0;
  let { readOnly } = options;
  let controller = !readOnly;
  /** The terminal shows something of the session. */
  let painted = false;
  /** False with a daemon that does not know how. */
  let redraws = options.mode === "pty" && process.stdout.isTTY;
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
    painted = true;
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
  const redraw = (): void => {
    if (redraws) send({ type: "redraw" });
  };
  const notices = createNotices({ show: (text) => terminal?.notice(text), erase: redraw });
  const tellWhoHasControl = (): void => {
    const how = options.mode === "pty" ? `${keys.prefix} then c takes it, then ? shows all keys` : "attach again to take it";
    notices.tell(`Another attachment has control: ${how}`);
  };
  const receive = (message: ServerMessage): void => {
    switch (message.type) {
      case "output":
        return show(message.data, message.offset + message.data.length, message.stream);
      case "attached":
        ({ controller, readOnly } = message.value);
        return notices.forget();
      case "status": {
        const lost = controller && !message.value.controller;
        ({ controller } = message.value);
        if (lost) setTimeout(() => !controller && !over && tellWhoHasControl(), tellLossAfterMs).unref();
        return;
      }
      case "resized":
        // What the program painted for the size before is left in this window.
        if (!controller) redraw();
        return;
      case "snapshot":
        if (painted) terminal?.redraw();
        else terminal?.makeRoom();
        acked = message.offset;
        show(message.data, message.offset, 1);
        return notices.repaint();
      case "broadcast":
        return notices.tell(`${plain(message.value.from)}: ${plain(message.value.message)}`, broadcastMs);
      case "error":
        if (message.value.code === "invalidArgument" && redraws) redraws = false;
        else notices.tell(plain(message.value.detail));
        return;
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
      // Coming back, it takes nothing from somebody else.
      control: controller,
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
        notices.tell("The daemon is away; waiting for it. The session goes on.", reconnectDeadlineMs);
        // The notice is written over what the program shows: the whole screen is wanted instead of what was missed.
        shown = undefined;
      }
    }
  };
  const keepTrying = (): void => {
    reconnect().catch(fail);
  };
  const type = (bytes: Uint8Array): void => {
    if (readOnly) return;
    if (!controller) {
      // The terminal itself reports the mouse and the focus; that is nobody who types.
      if (!notices.showing && bytes[0] !== escape) tellWhoHasControl();
      return;
    }
    notices.clear();
    for (let at = 0; at < bytes.length; at += maxInputBytes) send({ type: "input", data: bytes.subarray(at, at + maxInputBytes) });
  };
  const press = (key: Exclude<AttachKey, "detach">): void => {
    if (key === "help") return notices.tell(describeKeys(keys.prefix), helpMs);
    if (key === "control") {
      if (readOnly) return notices.tell("This attachment is read-only: it cannot take control.");
      if (controller) return notices.tell("You have control.");
      send({ type: "control", take: true });
      // What is typed next comes after it on the same line.
      controller = true;
    }
    notices.forget();
    redraw();
  };
  const start = (): LocalTerminal => {
    const created = createLocalTerminal({ raw: options.mode === "pty" });
    created.onInput((bytes) => {
      for (const step of keys.push(bytes)) {
        if (step === "detach") return settle({ detached: true });
        if (typeof step === "string") press(step);
        else type(step);
      }
    });
    created.onResize((size) => send({ type: "resize", ...(fitting(size) as typeof size) }));
    if (options.mode === "pipe") {
      // A terminal's program sees Ctrl-D itself; a pipe's learns of the end only so.
      if (!readOnly) created.onInputEnd(() => send({ type: "end" }));
      created.onInterrupt((signal) => {
        if (signal === "SIGQUIT" || readOnly) settle({ detached: true });
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
    notices.forget();
    terminal?.restore();
    local.close();
  }
}

function fitting(size: { cols: number; rows: number } | undefined): { cols: number; rows: number } | undefined {
  if (size === undefined || !(size.cols > 0 && size.rows > 0)) return undefined;
  return { cols: Math.min(size.cols, maxCols), rows: Math.min(size.rows, maxRows) };
}
