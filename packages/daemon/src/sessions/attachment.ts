/** One client attached to one session, over whatever carries binary messages: replay, live output, window, input, size, control. */
import {
  encodeServerMessage,
  type ClientMessage,
  parseClientMessage,
  type SessionAttached,
  type SessionExit,
  SessionProtocolError,
  sessionWindowBytes,
} from "@gantry/contract/session-protocol";
import { type ErrorCode, GantryError } from "@gantry/contract/errors";

import type { Duplex } from "../core/duplex.ts";
import { dropReplies } from "./client-replies.ts";
import { createTypingOrder } from "./typing-order.ts";
import type { Viewer, Viewers } from "./viewers.ts";

export interface SessionOutput {
  offset: number;
  data: Uint8Array;
  message: Uint8Array;
}

/** The part of the process host that an attachment needs. */
export interface FollowSession {
  (
    options: { since?: number | undefined; scrollbackLines?: number },
    listener: {
      output(chunk: SessionOutput): void;
      snapshot(snapshot: { offset: number; message: Uint8Array }): void;
      /** After the last byte, or when the session was lost with its host. */
      exit(exit: Omit<SessionExit, "offset">): void;
    },
  ): { pause(): void; resume(): void; close(): void };
}

export interface AttachmentOptions {
  duplex: Duplex;
  viewers: Viewers;
  attachmentId: string;
  owner: string;
  readOnly: boolean;
  takeControl: boolean;
  size: { cols: number; rows: number } | undefined;
  since: number | undefined;
  follow: FollowSession;
  attached(): SessionAttached;
  input(bytes: Uint8Array): void;
  /** Types a text, then Enter, and settles when it is known what came of it. */
  command(content: string): Promise<{ submitted: boolean | null; error: string | null }>;
  interrupt(): Promise<unknown>;
  signal(signal: string): Promise<unknown>;
  endInput(): void;
  resize(cols: number, rows: number): void;
  nowMs(): number;
}

/** A client that asks and does not read the answers, or sends only nonsense, is let go. */
const maxUnreadBytes = 8 * 1024 * 1024;
const maxMalformed = 100;

export function openAttachment(options: AttachmentOptions): void {
  const { duplex, viewers, readOnly } = options;
  let closed = false;
  /** Output up to here has been sent, and output up to `acked` is known to be shown. */
  let sent = options.since ?? 0;
  let acked = sent;
  let waiting = false;
  /** Something of the session has been sent: a snapshot after it stands for output that was not. */
  let shown = false;
  let greeted = false;
  let malformed = 0;
  const order = createTypingOrder();
  let follow: ReturnType<FollowSession> | undefined;
  let redrawing = false;

  const send = (message: Uint8Array): void => {
    if (closed) return;
    duplex.send(message);
    if (duplex.bufferedBytes > maxUnreadBytes) giveUp("resourceExhausted", "What was sent is not read; the attachment is closed.");
  };
  const giveUp = (code: ErrorCode, detail: string): void => {
    leave();
    duplex.close(new GantryError(code, detail).toProblem());
  };
  const now = (): string => new Date(options.nowMs()).toISOString();
  const viewer: Viewer = {
    attachmentId: options.attachmentId,
    owner: options.owner,
    readOnly,
    attachedAtMs: options.nowMs(),
    size: options.size,
    // What it is told first is `attached`.
    send: (message) => void (greeted && send(message)),
    end(exit) {
      send(encodeServerMessage({ type: "exit", value: exit }));
      leave();
      duplex.close();
    },
  };
  const leave = (): void => {
    if (closed) return;
    closed = true;
    follow?.close();
    viewers.remove(viewer);
  };
  const refuse = (code: ErrorCode, detail: string): void => send(encodeServerMessage({ type: "error", value: { code, detail } }));

  const receive = (message: ClientMessage): void => {
    switch (message.type) {
      case "ping":
        return send(encodeServerMessage({ type: "pong", data: message.data }));
      case "ack":
        acked = Math.max(acked, Math.min(message.offset, sent));
        if (waiting && sent - acked <= sessionWindowBytes / 4) {
          waiting = false;
          follow?.resume();
        }
        return;
      case "resize":
        viewer.size = { cols: message.cols, rows: message.rows };
        // A viewer's size is only remembered, for when it takes control.
        if (viewers.controller === viewer) options.resize(message.cols, message.rows);
        return;
      case "control":
        if (readOnly) return refuse("permissionDenied", "This attachment is read-only: it cannot take control.");
        if (message.take) viewers.giveControl(viewer.attachmentId);
        else if (viewers.controller === viewer) viewers.giveControl(null);
        return;
      case "status":
        return viewers.tellStatus(viewer);
      case "redraw":
        return redraw();
      default:
        if (readOnly) return refuse("permissionDenied", "This attachment is read-only: nothing was typed.");
        if (viewers.controller !== viewer) return refuse("conflict", "Another attachment has control: take control to type.");
        return steer(message);
    }
  };
  const redraw = (): void => {
    if (options.attached().mode === "pipe") return refuse("conflict", "A session between pipes has no screen to draw.");
    // One at a time: each costs the process host a look at the whole screen.
    if (redrawing) return;
    redrawing = true;
    waiting = false;
    shown = false;
    follow?.close();
    follow = options.follow({ scrollbackLines: 0 }, listener);
  };
  /** What only the controller may do to the program. */
  const steer = (message: Extract<ClientMessage, { type: "input" | "command" | "interrupt" | "signal" | "end" }>): void => {
    const attempt = async (work: () => Promise<unknown>): Promise<void> => {
      try {
        await work();
      } catch (error) {
        if (error instanceof GantryError) refuse(error.code, error.message);
        else refuse("internal", "This could not be done; ask the session's status.");
      }
    };
    const command = async (content: string): Promise<void> => {
      const { submitted, error } = await options.command(content);
      send(encodeServerMessage({ type: "echo", value: { content, submitted, timestamp: now() } }));
      if (error !== null) refuse("aborted", `${error}. Nothing is typed a second time.`);
    };
    switch (message.type) {
      case "command":
        order.command(() => attempt(() => command(message.content)));
        return;
      case "interrupt":
        return void attempt(() => options.interrupt());
      case "signal":
        return void attempt(() => options.signal(message.signal));
      case "end":
        return behind(0, () => options.endInput());
      default: {
        const bytes = dropReplies(message.data);
        if (bytes.length > 0) behind(bytes.length, () => options.input(bytes));
      }
    }
  };
  const listener: Parameters<FollowSession>[1] = {
    output({ offset, data, message }) {
      // The replay may begin later than was asked for, when that is no longer kept.
      if (sent < offset && acked === sent) acked = offset;
      sent = offset + data.length;
      shown = true;
      send(message);
      if (sent - acked > sessionWindowBytes) {
        // No client holds the program or the others up: it is left out until it has caught up, then gets the rest or a snapshot.
        waiting = true;
        follow?.pause();
      }
    },
    snapshot({ offset, message }) {
      const missed = shown && offset > sent;
      redrawing = false;
      shown = true;
      sent = offset;
      acked = offset;
      send(message);
      if (missed) {
        send(
          encodeServerMessage({
            type: "system",
            value: { message: "Output was skipped; this is the screen as it is now.", timestamp: now() },
          }),
        );
      }
    },
    exit: (exit) => viewer.end({ ...exit, offset: sent }),
  };
  const behind = (bytes: number, work: () => void): void => {
    const mayWork = (): void => void (!closed && viewers.controller === viewer && work());
    if (!order.behind(bytes, mayWork))
      refuse("resourceExhausted", "Too much was typed behind a command that is being typed. This was dropped.");
  };
  duplex.onMessage((bytes) => {
    if (closed) return;
    try {
      receive(parseClientMessage(bytes));
    } catch (error) {
      if (!(error instanceof SessionProtocolError)) throw error;
      malformed += 1;
      if (malformed > maxMalformed)
        giveUp("invalidArgument", `${maxMalformed} messages were none of this protocol; the last: ${error.message}`);
      else refuse("invalidArgument", `${error.message}. Nothing was done.`);
    }
  });
  duplex.onClose(leave);

  // The size comes first, so that the snapshot is already painted for it.
  viewers.add(viewer, options.takeControl);
  send(encodeServerMessage({ type: "attached", value: { ...options.attached(), readOnly, controller: viewers.controller === viewer } }));
  greeted = true;
  if (closed) return;
  follow = options.follow({ since: options.since }, listener);
}
