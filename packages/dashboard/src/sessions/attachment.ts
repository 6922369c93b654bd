/** One viewer's connection to a session over `gantry.v1`: reconnects by itself and resumes at the offset behind what was shown. */
import type { Credential } from "@gantry/client";
import { csrfProtocolPrefix } from "@gantry/contract";
import {
  encodeClientMessage,
  maxInputBytes,
  parseServerMessage,
  type ServerMessage,
  type SessionProblem,
  sessionSubprotocol,
  sessionWindowBytes,
} from "@gantry/contract/session-protocol";

export type AttachmentState = "connecting" | "open" | "lost" | "closed";

interface AttachmentOptions {
  /** Such as ws://127.0.0.1:8765. */
  origin: string;
  sessionId: string;
  credential: Credential;
  size(): { cols: number; rows: number } | undefined;
  onMessage(message: ServerMessage): void;
  /** `closed` with a problem when coming back is of no use. */
  onState(state: AttachmentState, problem?: SessionProblem): void;
}

export interface Attachment {
  input(data: Uint8Array): void;
  resize(cols: number, rows: number): void;
  /** Everything before this offset has been shown. */
  shown(offset: number): void;
  control(take: boolean): void;
  close(): void;
}

/** The daemon closes with 4000 + the HTTP status of a problem; 1000 is the end of the session, told before by `exit`. */
const problemCloseCode = 4000;
const normalCloseCode = 1000;
const firstRetryMs = 200;
const longestRetryMs = 3_000;
/** The daemon pings; a browser cannot see that, so a silent connection is asked as well. */
const pingIntervalMs = 10_000;

export function openAttachment({ origin, sessionId, credential, size, onMessage, onState }: AttachmentOptions): Attachment {
  let socket: WebSocket | undefined;
  let closed = false;
  let shown: number | undefined;
  let acknowledged = 0;
  let hadControl = false;
  let retryMs = firstRetryMs;
  let retry: ReturnType<typeof setTimeout> | undefined;
  let unanswered = 0;

  const send = (message: Parameters<typeof encodeClientMessage>[0]) => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(encodeClientMessage(message) as Uint8Array<ArrayBuffer>);
  };
  const end = (problem?: SessionProblem) => {
    closed = true;
    clearInterval(pings);
    clearTimeout(retry);
    onState("closed", problem);
  };
  const pings = setInterval(() => {
    if (socket?.readyState !== WebSocket.OPEN) return;
    // Two without an answer: the other side is gone even if the browser does not know it yet.
    if (unanswered >= 2) return socket.close();
    unanswered += 1;
    send({ type: "ping", data: new Uint8Array() });
  }, pingIntervalMs);

  const connect = () => {
    onState("connecting");
    const made = new WebSocket(addressOf(), [sessionSubprotocol, credentialProtocol(credential)]);
    socket = made;
    made.binaryType = "arraybuffer";
    made.addEventListener("open", () => {
      retryMs = firstRetryMs;
      unanswered = 0;
      onState("open");
    });
    made.addEventListener("message", ({ data }) => {
      const message = parseServerMessage(new Uint8Array(data as ArrayBuffer));
      if (message.type === "pong") unanswered = 0;
      else if (message.type === "attached" || message.type === "status") hadControl = message.value.controller;
      else if (message.type === "exit") {
        onMessage(message);
        end();
        return;
      }
      onMessage(message);
    });
    made.addEventListener("close", ({ code, reason }) => {
      if (closed || socket !== made) return;
      if (code === normalCloseCode) return end();
      if (code >= problemCloseCode + 400 && code < problemCloseCode + 500 && code !== problemCloseCode + 429) return end(problemOf(reason));
      onState("lost");
      retry = setTimeout(connect, retryMs);
      retryMs = Math.min(longestRetryMs, retryMs * 2);
    });
  };
  const addressOf = () => {
    const query = new URLSearchParams();
    const now = size();
    if (now !== undefined) {
      query.set("cols", String(now.cols));
      query.set("rows", String(now.rows));
    }
    if (shown !== undefined) query.set("since", String(shown));
    // Whoever typed before a lost connection goes on typing after it.
    if (hadControl) query.set("control", "true");
    return `${origin}/ws/sessions/${encodeURIComponent(sessionId)}?${query.toString()}`;
  };
  connect();

  return {
    input(data) {
      for (let at = 0; at < data.length; at += maxInputBytes) send({ type: "input", data: data.subarray(at, at + maxInputBytes) });
    },
    resize: (cols, rows) => send({ type: "resize", cols, rows }),
    shown(offset) {
      shown = offset;
      // An eighth of the window is early enough that the daemon never waits for it, and rare enough to cost nothing.
      if (offset - acknowledged < sessionWindowBytes / 8) return;
      acknowledged = offset;
      send({ type: "ack", offset });
    },
    control: (take) => send({ type: "control", take }),
    close() {
      closed = true;
      clearInterval(pings);
      clearTimeout(retry);
      socket?.close(normalCloseCode);
    },
  };
}

/** A browser sets no headers on a WebSocket, but it may offer any subprotocol. */
function credentialProtocol({ key, csrf }: Credential): string {
  return csrf === undefined ? `gantry.key.${key}` : `${csrfProtocolPrefix}${csrf}`;
}

/** Close reasons read `code: detail`. */
function problemOf(reason: string): SessionProblem {
  const [, code, detail] = /^([A-Za-z]+): (.*)$/s.exec(reason) ?? [];
  return {
    code: (code ?? "internal") as SessionProblem["code"],
    detail: detail ?? (reason === "" ? "The daemon closed the connection." : reason),
  };
}
