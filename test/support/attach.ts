/** A client of one session for tests: over WebSocket or the control socket, remembering everything it was told. */
import { connectControl } from "@gantry/client/node";
import {
  encodeClientMessage,
  parseServerMessage,
  type ServerMessage,
  type SessionAttached,
  type SessionExit,
  sessionSubprotocol,
} from "@gantry/contract/session-protocol";
import { WebSocket } from "ws";

import { createTestTerminal, type TestTerminal, textOf } from "./terminal-cells.ts";
import { until } from "./until.ts";

export interface TestAttachment {
  messages: ServerMessage[];
  attached: Promise<SessionAttached>;
  exit: Promise<SessionExit>;
  closed: Promise<void>;
  /** All bytes shown: snapshots and output. */
  text(): string;
  /** What a terminal of this client shows. */
  screen(): string;
  terminal: TestTerminal;
  /** The next expected offset. */
  offset: number;
  /** Output that did not join what came before. */
  gaps: number;
  type(text: string): void;
  /** Any bytes, whether they are a message or not. */
  sendRaw(bytes: Uint8Array): void;
  resize(cols: number, rows: number): void;
  takeControl(): void;
  /** Stop telling the daemon what has been shown. */
  acknowledging: boolean;
  /** Acknowledges what has been shown. */
  resume(): void;
  shows(text: string): Promise<unknown>;
  close(): void;
}

interface Wire {
  send(message: Uint8Array): void;
  close(): void;
}

function createAttachment(connect: (receive: (message: Uint8Array) => void, closed: () => void) => Promise<Wire>): Promise<TestAttachment> {
  const pieces: Uint8Array[] = [];
  const terminal = createTestTerminal(80, 24);
  let settle: { attached(value: SessionAttached): void; exit(value: SessionExit): void; closed(): void };
  let wire: Wire | undefined;
  const promises = {
    attached: new Promise<SessionAttached>((attached) => (settle = { ...settle, attached })),
    exit: new Promise<SessionExit>((exit) => (settle = { ...settle, exit })),
    closed: new Promise<void>((closed) => (settle = { ...settle, closed })),
  };
  const attachment: TestAttachment = {
    ...promises,
    messages: [],
    terminal,
    offset: -1,
    gaps: 0,
    acknowledging: true,
    text: () => Buffer.concat(pieces).toString(),
    screen: () => textOf(terminal),
    type: (text) => wire?.send(encodeClientMessage({ type: "input", data: Buffer.from(text) })),
    sendRaw: (bytes) => wire?.send(bytes),
    resize: (cols, rows) => wire?.send(encodeClientMessage({ type: "resize", cols, rows })),
    takeControl: () => wire?.send(encodeClientMessage({ type: "control", take: true })),
    shows: (text) =>
      until(`the session shows ${JSON.stringify(text)}`, () => attachment.text().includes(text) || attachment.screen().includes(text)),
    resume: () => wire?.send(encodeClientMessage({ type: "ack", offset: attachment.offset })),
    close: () => wire?.close(),
  };
  const show = (data: Uint8Array, offset: number): void => {
    pieces.push(data);
    terminal.write(data);
    attachment.offset = offset;
    if (attachment.acknowledging) wire?.send(encodeClientMessage({ type: "ack", offset }));
  };
  const receive = (bytes: Uint8Array): void => {
    const message = parseServerMessage(bytes);
    attachment.messages.push(message);
    if (message.type === "attached") {
      settle.attached(message.value);
      terminal.resize(message.value.cols, message.value.rows);
    } else if (message.type === "resized") terminal.resize(message.cols, message.rows);
    else if (message.type === "exit") settle.exit(message.value);
    else if (message.type === "snapshot") {
      terminal.reset();
      show(message.data, message.offset);
    } else if (message.type === "output") {
      if (attachment.offset !== -1 && attachment.offset !== message.offset) attachment.gaps += 1;
      show(message.data, message.offset + message.data.length);
    }
  };
  return connect(receive, () => settle.closed()).then((connected) => {
    wire = connected;
    return attachment;
  });
}

export function attachOverWebSocket(url: string, key: string, id: string, query: Record<string, string> = {}): Promise<TestAttachment> {
  const address = `${url.replace("http", "ws")}/ws/sessions/${encodeURIComponent(id)}?${new URLSearchParams(query).toString()}`;
  return createAttachment(
    (receive, closed) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(address, [sessionSubprotocol], { headers: { authorization: `Bearer ${key}` } });
        socket.on("message", (data: Buffer) => receive(data));
        socket.on("close", closed);
        socket.on("error", reject);
        socket.on("open", () => resolve({ send: (message) => socket.send(message), close: () => socket.close() }));
      }),
  );
}

export function attachOverControlSocket(path: string, id: string, input: Record<string, unknown> = {}): Promise<TestAttachment> {
  return createAttachment(async (receive, closed) => {
    const connection = await connectControl(path);
    const channel = await connection.open("sessions.attach", { id, ...input }, { onMessage: receive, onClose: () => closed() });
    return {
      send: (message) => channel.send(message),
      close: () => connection.close(),
    };
  });
}
