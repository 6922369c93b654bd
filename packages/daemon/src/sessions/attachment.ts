/** One client attached to one session, over whatever carries binary messages: replay, live output, window, input, size, control. */
import type { Problem } from "@gantry/contract";
import {
  encodeServerMessage,
  type ClientMessage,
  parseClientMessage,
  type SessionAttached,
  type SessionExit,
  SessionProtocolError,
  sessionWindowBytes,
} from "@gantry/contract/session-protocol";
import type { ErrorCode } from "@gantry/contract/errors";

import type { Duplex } from "../core/duplex.ts";
import { dropReplies } from "./client-replies.ts";
import type { Viewer, Viewers } from "./viewers.ts";

export interface SessionOutput {
  offset: number;
  data: Uint8Array;
  message: Uint8Array;
}

/** The part of the process host that an attachment needs. */
export interface FollowSession {
  (
    since: number | undefined,
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
  resize(cols: number, rows: number): void;
  nowMs(): number;
}

export function openAttachment(options: AttachmentOptions): void {
  const { duplex, viewers, readOnly } = options;
  let closed = false;
  /** Output up to here has been sent, and output up to `acked` is known to be shown. */
  let sent = options.since ?? 0;
  let acked = sent;
  let waiting = false;
  let greeted = false;
  let follow: ReturnType<FollowSession> | undefined;

  const send = (message: Uint8Array): void => {
    if (!closed) duplex.send(message);
  };
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
      default: {
        if (readOnly) return refuse("permissionDenied", "This attachment is read-only: nothing was typed.");
        if (viewers.controller !== viewer) return refuse("conflict", "Another attachment has control: take control to type.");
        const bytes = dropReplies(message.data);
        if (bytes.length > 0) options.input(bytes);
      }
    }
  };
  duplex.onMessage((bytes) => {
    if (closed) return;
    try {
      receive(parseClientMessage(bytes));
    } catch (error) {
      if (!(error instanceof SessionProtocolError)) throw error;
      refuse("invalidArgument", error.message);
      leave();
      duplex.close(invalidMessage(error.message));
    }
  });
  duplex.onClose(leave);

  // The size comes first, so that the snapshot is already painted for it.
  viewers.add(viewer, options.takeControl);
  send(encodeServerMessage({ type: "attached", value: { ...options.attached(), readOnly, controller: viewers.controller === viewer } }));
  greeted = true;
  if (closed) return;
  follow = options.follow(options.since, {
    output({ offset, data, message }) {
      // The replay may begin later than was asked for, when that is no longer kept.
      if (sent < offset && acked === sent) acked = offset;
      sent = offset + data.length;
      send(message);
      if (sent - acked > sessionWindowBytes) {
        // No client holds the program or the others up: it is left out until it has caught up, then gets the rest or a snapshot.
        waiting = true;
        follow?.pause();
      }
    },
    snapshot({ offset, message }) {
      sent = offset;
      acked = offset;
      send(message);
    },
    exit: (exit) => viewer.end({ ...exit, offset: sent }),
  });
}

function invalidMessage(detail: string): Problem {
  return { type: "about:blank", title: "Invalid argument", status: 400, code: "invalidArgument", detail, retryable: false };
}
