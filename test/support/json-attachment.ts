/** A client of one session that speaks `gantry.json`, over a WebSocket or a channel of Socket.IO. */
import { io } from "socket.io-client";
import { WebSocket } from "ws";

import { until } from "./until.ts";

export interface JsonMessage {
  type: string;
  data?: string;
  code?: string;
  detail?: string;
  timestamp?: string;
  [field: string]: unknown;
}

export interface JsonAttachment {
  messages: JsonMessage[];
  send(message: object | string): void;
  /** The data of all messages of these types. */
  text(...types: string[]): string;
  /** The first message of this type, when it has come. */
  told(type: string, like?: (message: JsonMessage) => boolean): Promise<JsonMessage>;
  closed: Promise<unknown>;
  close(): void;
}

function collect(send: (message: object | string) => void, close: () => void, closed: Promise<unknown>): JsonAttachment {
  const messages: JsonMessage[] = [];
  return {
    messages,
    send,
    close,
    closed,
    text: (...types) =>
      messages
        .filter(({ type }) => types.includes(type))
        .map(({ data }) => data)
        .join(""),
    told: (type, like = () => true) =>
      until(
        `a message ${type}`,
        () => messages.find((message) => message.type === type && like(message)),
        (found) => found !== undefined,
      ) as Promise<JsonMessage>,
  };
}

export async function attachAsJson(url: string, key: string, id: string, query: Record<string, string> = {}): Promise<JsonAttachment> {
  const address = `${url.replace("http", "ws")}/ws/sessions/${id}?${new URLSearchParams(query).toString()}`;
  const socket = new WebSocket(address, ["gantry.json", `gantry.key.${key}`]);
  const closed = new Promise((resolve) => socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() })));
  const attachment = collect(
    (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    () => socket.close(),
    closed,
  );
  socket.on("message", (data: Buffer) => attachment.messages.push(JSON.parse(data.toString()) as JsonMessage));
  await new Promise((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return attachment;
}

export interface SessionSocket {
  attach(input: object): Promise<JsonAttachment>;
  /** What `attach` was refused with. */
  refused(input: object): Promise<{ code: string; detail: string }>;
  close(): void;
}

export async function connectSessions(url: string, key: string): Promise<SessionSocket> {
  const socket = io(`${url}/sessions`, { transports: ["websocket"], auth: { key }, forceNew: true, reconnection: false });
  const channels = new Map<number, JsonMessage[]>();
  const ends = new Map<number, (end: unknown) => void>();
  const of = (channel: number): JsonMessage[] => channels.get(channel) ?? channels.set(channel, []).get(channel) ?? [];
  socket.on("message", ({ channel, ...message }: JsonMessage & { channel: number }) => of(channel).push(message));
  socket.on("detached", (end: { channel: number }) => ends.get(end.channel)?.(end));
  await new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(undefined));
    socket.once("connect_error", reject);
  });
  return {
    async attach(input) {
      const { channel, error } = (await socket.emitWithAck("attach", input)) as { channel: number; error?: unknown };
      if (error !== undefined) throw new Error(JSON.stringify(error));
      const closed = new Promise((resolve) => ends.set(channel, resolve));
      const attachment = collect(
        (message) => socket.emit("message", { channel, ...(message as object) }),
        () => socket.emit("detach", { channel }),
        closed,
      );
      attachment.messages.push(...of(channel));
      channels.set(channel, attachment.messages);
      return attachment;
    },
    refused: async (input) => ((await socket.emitWithAck("attach", input)) as { error: { code: string; detail: string } }).error,
    close: () => void socket.disconnect(),
  };
}
