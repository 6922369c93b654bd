/**
 * The binary attachment protocol `gantry.v1`: what one viewer of a session and the daemon say to each other, the same on a
 * WebSocket, the control socket, and between process host and daemon. Imports nothing but frames' bytes; no zod, for speed.
 *
 * A message is one type byte and its body. Numbers are big endian; an offset is a u64 that counts bytes of output.
 *
 *     client → daemon   01 input bytes · 02 resize u16 cols u16 rows · 03 ack u64 offset · 04 control u8 (1 take, 0 release) · 05 ping bytes
 *                       06 command text · 07 interrupt · 08 signal name · 09 status · 0a end (of input) · 0b redraw
 *     daemon → client   81 attached JSON · 82 snapshot u64 offset u16 cols u16 rows bytes · 83 output u8 stream u64 offset bytes
 *                       84 resized u16 cols u16 rows · 85 broadcast JSON · 86 status JSON · 87 exit JSON · 88 error JSON · 89 pong bytes
 *                       8a echo JSON · 8b system JSON
 *
 * A client acknowledges the offset behind the last output or snapshot it has finished showing; unacknowledged output beyond
 * `sessionWindowBytes` is not sent, and a client that fell too far behind is sent a snapshot instead.
 */
import type { Problem } from "./errors.ts";

export const sessionSubprotocol = "gantry.v1";

/** Output in flight to one client. Acknowledge at least every quarter of it. */
export const sessionWindowBytes = 1024 * 1024;

export const maxCols = 1000;
export const maxRows = 500;

/** One input message; larger pastes are cut by the client. */
export const maxInputBytes = 64 * 1024;

export interface SessionAttached {
  sessionId: string;
  name?: string | undefined;
  mode: "pty" | "pipe";
  state: string;
  cols: number;
  rows: number;
  /** Output so far. */
  offset: number;
  readOnly: boolean;
  /** This attachment may type and sets the size. */
  controller: boolean;
}

export interface SessionStatus {
  state: string;
  controller: boolean;
  viewers: number;
  title?: string | undefined;
}

export interface SessionBroadcast {
  from: string;
  message: string;
  time: string;
}

export interface SessionExit {
  state: string;
  exitCode?: number | null | undefined;
  signal?: string | null | undefined;
  reason: string;
  offset: number;
}

/** What a `command` typed. */
export interface SessionEcho {
  content: string;
  /** Whether the screen reacted to Enter; null between pipes. When it did not, an `error` follows that tells more. */
  submitted: boolean | null;
  timestamp: string;
}

/** A notice of the daemon to this attachment alone. */
export interface SessionNotice {
  message: string;
  timestamp: string;
}

export type SessionProblem = Pick<Problem, "code" | "detail">;

export type ClientMessage =
  | { type: "input"; data: Uint8Array }
  | { type: "resize"; cols: number; rows: number }
  | { type: "ack"; offset: number }
  | { type: "control"; take: boolean }
  | { type: "ping"; data: Uint8Array }
  /** Typed as text (as a paste where the program asked for that), then Enter. */
  | { type: "command"; content: string }
  | { type: "interrupt" }
  | { type: "signal"; signal: string }
  /** Asks for a `status`. */
  | { type: "status" }
  /** There is no more input: closes the pipe, or presses Ctrl-D in a terminal. */
  | { type: "end" }
  /** Asks for a `snapshot` of the screen without the lines before it: this viewer's terminal shows something else by now. */
  | { type: "redraw" };

export type ServerMessage =
  | { type: "attached"; value: SessionAttached }
  | { type: "snapshot"; offset: number; cols: number; rows: number; data: Uint8Array }
  | { type: "output"; offset: number; stream: 1 | 2; data: Uint8Array }
  | { type: "resized"; cols: number; rows: number }
  | { type: "broadcast"; value: SessionBroadcast }
  | { type: "status"; value: SessionStatus }
  | { type: "exit"; value: SessionExit }
  | { type: "error"; value: SessionProblem }
  | { type: "echo"; value: SessionEcho }
  | { type: "system"; value: SessionNotice }
  | { type: "pong"; data: Uint8Array };

/** The peer sent something that is not a message of this protocol. */
export class SessionProtocolError extends Error {
  override name = "SessionProtocolError";
}

export const messageTypes = {
  input: 0x01,
  resize: 0x02,
  ack: 0x03,
  control: 0x04,
  ping: 0x05,
  command: 0x06,
  interrupt: 0x07,
  signal: 0x08,
  status: 0x09,
  end: 0x0a,
  redraw: 0x0b,
  attached: 0x81,
  snapshot: 0x82,
  output: 0x83,
  resized: 0x84,
  broadcast: 0x85,
  statusIs: 0x86,
  exit: 0x87,
  error: 0x88,
  pong: 0x89,
  echo: 0x8a,
  system: 0x8b,
} as const;

/** Bytes before the data of an `output` message, for writers that pass the data on without a copy. */
export const outputHeaderBytes = 10;
export const snapshotHeaderBytes = 13;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const high = 0x1_0000_0000;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function writeOffset(view: DataView, at: number, offset: number): void {
  view.setUint32(at, Math.floor(offset / high));
  view.setUint32(at + 4, offset % high);
}

function readOffset(view: DataView, at: number): number {
  const offset = view.getUint32(at) * high + view.getUint32(at + 4);
  if (!Number.isSafeInteger(offset)) throw new SessionProtocolError("an offset is beyond 2^53");
  return offset;
}

function withBytes(type: number, data: Uint8Array): Uint8Array {
  const message = new Uint8Array(1 + data.length);
  message[0] = type;
  message.set(data, 1);
  return message;
}

function withJson(type: number, value: unknown): Uint8Array {
  return withBytes(type, encoder.encode(JSON.stringify(value)));
}

function withSize(type: number, cols: number, rows: number): Uint8Array {
  const message = new Uint8Array(5);
  message[0] = type;
  viewOf(message).setUint16(1, cols);
  viewOf(message).setUint16(3, rows);
  return message;
}

/** Writes the header of an `output` message at `at`; the data follows. */
export function writeOutputHeader(target: Uint8Array, at: number, stream: 1 | 2, offset: number): void {
  const view = viewOf(target);
  view.setUint8(at, messageTypes.output);
  view.setUint8(at + 1, stream);
  writeOffset(view, at + 2, offset);
}

export function encodeClientMessage(message: ClientMessage): Uint8Array {
  switch (message.type) {
    case "input":
      return withBytes(messageTypes.input, message.data);
    case "ping":
      return withBytes(messageTypes.ping, message.data);
    case "resize":
      return withSize(messageTypes.resize, message.cols, message.rows);
    case "control":
      return new Uint8Array([messageTypes.control, message.take ? 1 : 0]);
    case "command":
      return withBytes(messageTypes.command, encoder.encode(message.content));
    case "signal":
      return withBytes(messageTypes.signal, encoder.encode(message.signal));
    case "interrupt":
    case "status":
    case "end":
    case "redraw":
      return new Uint8Array([messageTypes[message.type]]);
    default: {
      const bytes = new Uint8Array(9);
      bytes[0] = messageTypes.ack;
      writeOffset(viewOf(bytes), 1, message.offset);
      return bytes;
    }
  }
}

export function encodeServerMessage(message: ServerMessage): Uint8Array {
  switch (message.type) {
    case "output": {
      const bytes = new Uint8Array(outputHeaderBytes + message.data.length);
      writeOutputHeader(bytes, 0, message.stream, message.offset);
      bytes.set(message.data, outputHeaderBytes);
      return bytes;
    }
    case "snapshot": {
      const bytes = new Uint8Array(snapshotHeaderBytes + message.data.length);
      const view = viewOf(bytes);
      bytes[0] = messageTypes.snapshot;
      writeOffset(view, 1, message.offset);
      view.setUint16(9, message.cols);
      view.setUint16(11, message.rows);
      bytes.set(message.data, snapshotHeaderBytes);
      return bytes;
    }
    case "resized":
      return withSize(messageTypes.resized, message.cols, message.rows);
    case "pong":
      return withBytes(messageTypes.pong, message.data);
    case "status":
      return withJson(messageTypes.statusIs, message.value);
    default:
      return withJson(messageTypes[message.type], message.value);
  }
}

function bodyOf(message: Uint8Array, least: number, exactly = false): DataView {
  const wrong = exactly ? message.length !== 1 + least : message.length < 1 + least;
  if (wrong) throw new SessionProtocolError(`a message of type ${message[0]} has ${message.length} bytes`);
  return viewOf(message);
}

function textOf(message: Uint8Array): string {
  try {
    return strictDecoder.decode(message.subarray(1));
  } catch (cause) {
    throw new SessionProtocolError(`a message of type ${message[0]} does not hold UTF-8 text`, { cause });
  }
}

function jsonOf(message: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(message.subarray(1)));
  } catch (cause) {
    throw new SessionProtocolError(`a message of type ${message[0]} does not hold JSON`, { cause });
  }
}

/** Reads what a client sent. Throws SessionProtocolError; sizes and input length are checked because clients are not trusted. */
export function parseClientMessage(message: Uint8Array): ClientMessage {
  switch (message[0]) {
    case messageTypes.input:
      if (message.length > 1 + maxInputBytes) throw new SessionProtocolError(`input is longer than ${maxInputBytes} bytes`);
      return { type: "input", data: message.subarray(1) };
    case messageTypes.resize: {
      const view = bodyOf(message, 4, true);
      const cols = view.getUint16(1);
      const rows = view.getUint16(3);
      if (cols < 1 || rows < 1 || cols > maxCols || rows > maxRows) {
        throw new SessionProtocolError(`a size of ${cols}x${rows} is outside 1x1 to ${maxCols}x${maxRows}`);
      }
      return { type: "resize", cols, rows };
    }
    case messageTypes.ack:
      return { type: "ack", offset: readOffset(bodyOf(message, 8, true), 1) };
    case messageTypes.control:
      return { type: "control", take: bodyOf(message, 1, true).getUint8(1) === 1 };
    case messageTypes.ping:
      if (message.length > 126) throw new SessionProtocolError("a ping is longer than 125 bytes");
      return { type: "ping", data: message.subarray(1) };
    case messageTypes.command:
      if (message.length > 1 + maxInputBytes) throw new SessionProtocolError(`a command is longer than ${maxInputBytes} bytes`);
      return { type: "command", content: textOf(message) };
    case messageTypes.signal:
      if (message.length > 32) throw new SessionProtocolError("a signal's name is longer than 31 bytes");
      return { type: "signal", signal: textOf(message) };
    case messageTypes.interrupt:
      bodyOf(message, 0, true);
      return { type: "interrupt" };
    case messageTypes.status:
      bodyOf(message, 0, true);
      return { type: "status" };
    case messageTypes.end:
      bodyOf(message, 0, true);
      return { type: "end" };
    case messageTypes.redraw:
      bodyOf(message, 0, true);
      return { type: "redraw" };
    default:
      throw new SessionProtocolError(`there is no client message of type ${message[0] ?? "nothing"}`);
  }
}

/** Reads what the daemon sent. The daemon is trusted for the shape of its JSON. */
export function parseServerMessage(message: Uint8Array): ServerMessage {
  switch (message[0]) {
    case messageTypes.output: {
      const view = bodyOf(message, outputHeaderBytes - 1);
      const stream = view.getUint8(1) === 2 ? 2 : 1;
      return { type: "output", stream, offset: readOffset(view, 2), data: message.subarray(outputHeaderBytes) };
    }
    case messageTypes.snapshot: {
      const view = bodyOf(message, snapshotHeaderBytes - 1);
      const [offset, cols, rows] = [readOffset(view, 1), view.getUint16(9), view.getUint16(11)];
      return { type: "snapshot", offset, cols, rows, data: message.subarray(snapshotHeaderBytes) };
    }
    case messageTypes.resized: {
      const view = bodyOf(message, 4, true);
      return { type: "resized", cols: view.getUint16(1), rows: view.getUint16(3) };
    }
    case messageTypes.pong:
      return { type: "pong", data: message.subarray(1) };
    case messageTypes.attached:
      return { type: "attached", value: jsonOf(message) as SessionAttached };
    case messageTypes.broadcast:
      return { type: "broadcast", value: jsonOf(message) as SessionBroadcast };
    case messageTypes.statusIs:
      return { type: "status", value: jsonOf(message) as SessionStatus };
    case messageTypes.echo:
      return { type: "echo", value: jsonOf(message) as SessionEcho };
    case messageTypes.system:
      return { type: "system", value: jsonOf(message) as SessionNotice };
    case messageTypes.exit:
      return { type: "exit", value: jsonOf(message) as SessionExit };
    case messageTypes.error:
      return { type: "error", value: jsonOf(message) as SessionProblem };
    default:
      throw new SessionProtocolError(`there is no daemon message of type ${message[0] ?? "nothing"}`);
  }
}
