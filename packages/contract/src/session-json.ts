/**
 * The text form of an attachment, `gantry.json`: the same messages as in session-protocol.ts, each one JSON object with a `type`.
 * For scripts and bridges: output comes as text that is never cut inside a character, or as base64 when that was asked for.
 */
import { z } from "zod";

import { type ClientMessage, maxCols, maxInputBytes, maxRows, type ServerMessage, SessionProtocolError } from "./session-protocol.ts";

export const sessionJsonSubprotocol = "gantry.json";

export const JsonEncoding = z.enum(["utf8", "base64"]);
export type JsonEncoding = z.infer<typeof JsonEncoding>;

export const sessionSignals = [
  "SIGINT",
  "SIGTERM",
  "SIGHUP",
  "SIGQUIT",
  "SIGKILL",
  "SIGUSR1",
  "SIGUSR2",
  "SIGSTOP",
  "SIGCONT",
  "SIGTSTP",
  "SIGWINCH",
] as const;
export const SessionSignal = z.enum(sessionSignals);

const Text = z.string().max(maxInputBytes);

/** What a client sends. */
export const JsonClientMessage = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("command"), content: Text.meta({ description: "Typed, then Enter" }) }),
  z.strictObject({ type: z.literal("input"), data: Text, encoding: JsonEncoding.optional() }),
  z.strictObject({ type: z.literal("interrupt") }),
  z.strictObject({ type: z.literal("signal"), signal: SessionSignal }),
  z.strictObject({ type: z.literal("resize"), cols: z.int().min(1).max(maxCols), rows: z.int().min(1).max(maxRows) }),
  z.strictObject({ type: z.literal("ack"), offset: z.int().min(0) }),
  z.strictObject({ type: z.literal("control"), take: z.boolean() }),
  z.strictObject({ type: z.literal("status") }),
  z.strictObject({ type: z.literal("end") }),
  z.strictObject({ type: z.literal("redraw") }),
  z.strictObject({ type: z.literal("ping"), data: z.string().max(125).optional() }),
]);

const encoder = new TextEncoder();
const wholeText = new TextDecoder();

/** Reads one text message. Throws SessionProtocolError with what was given and what is allowed. */
export function parseJsonClientMessage(text: string): ClientMessage {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw new SessionProtocolError("the message is not JSON", { cause });
  }
  const parsed = JsonClientMessage.safeParse(given);
  if (!parsed.success) throw new SessionProtocolError(explain(given, parsed.error.issues[0]));
  const message = parsed.data;
  if (message.type === "ping") return { type: "ping", data: encoder.encode(message.data ?? "") };
  if (message.type !== "input") return message;
  const data = message.encoding === "base64" ? fromBase64(message.data) : encoder.encode(message.data);
  if (data.length > maxInputBytes) throw new SessionProtocolError(`input: longer than ${maxInputBytes} bytes`);
  return { type: "input", data };
}

function explain(given: unknown, issue: z.core.$ZodIssue | undefined): string {
  const type = typeof given === "object" && given !== null ? (given as { type?: unknown }).type : undefined;
  if (issue === undefined || issue.path[0] === "type" || type === undefined) {
    const known = JsonClientMessage.options.map(({ shape }) => shape.type.value).join(", ");
    return `there is no message of type ${JSON.stringify(type) ?? "nothing"}; known are ${known}`;
  }
  const field = issue.path.join(".");
  return `${JSON.stringify(type).replaceAll('"', "")}${field === "" ? "" : `.${field}`}: ${issue.message}`;
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new SessionProtocolError("input.data: not base64", { cause });
  }
}

function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}

export interface JsonServerWriter {
  /** The text messages to send; none while a character is not complete yet. */
  write(message: ServerMessage): string[];
}

/** Turns one attachment's messages into text. Bytes that are no UTF-8 become U+FFFD; `base64` keeps them. */
export function createJsonServerWriter(encoding: JsonEncoding, nowMs: () => number): JsonServerWriter {
  const streams = { 1: createTextStream(), 2: createTextStream() };
  const timestamp = (): string => new Date(nowMs()).toISOString();
  const output = (stream: 1 | 2, offset: number, data: Uint8Array): string[] => {
    const type = stream === 1 ? "stdout" : "stderr";
    const nextOffset = offset + data.length;
    if (encoding === "base64")
      return [JSON.stringify({ type, offset, nextOffset, encoding, data: toBase64(data), timestamp: timestamp() })];
    const text = streams[stream].push(data);
    return text === "" ? [] : [JSON.stringify({ type, offset, nextOffset, data: text, timestamp: timestamp() })];
  };
  /** What a program left incomplete at its end is told all the same. */
  const rest = (offset: number): string[] =>
    ([1, 2] as const).flatMap((stream) => {
      const text = streams[stream].end();
      return text === ""
        ? []
        : [JSON.stringify({ type: stream === 1 ? "stdout" : "stderr", offset, nextOffset: offset, data: text, timestamp: timestamp() })];
    });
  return {
    write(message) {
      switch (message.type) {
        case "output":
          return output(message.stream, message.offset, message.data);
        case "snapshot": {
          streams[1].end();
          const { type, offset, cols, rows } = message;
          const data = encoding === "base64" ? { encoding, data: toBase64(message.data) } : { data: wholeText.decode(message.data) };
          return [JSON.stringify({ type, offset, cols, rows, ...data, timestamp: timestamp() })];
        }
        case "resized":
          return [JSON.stringify({ ...message, timestamp: timestamp() })];
        case "pong":
          return [JSON.stringify({ type: "pong", data: wholeText.decode(message.data), timestamp: timestamp() })];
        case "exit":
          return [...rest(message.value.offset), JSON.stringify({ type: "exit", ...message.value, timestamp: timestamp() })];
        default:
          return [JSON.stringify({ type: message.type, timestamp: timestamp(), ...message.value })];
      }
    },
  };
}

/** Decodes pieces that may be cut anywhere. */
function createTextStream() {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return {
    push: (bytes: Uint8Array): string => decoder.decode(bytes, { stream: true }),
    end: (): string => decoder.decode(),
  };
}
