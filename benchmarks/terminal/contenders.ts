/** A program in a terminal behind a WebSocket, once through Gantry and once bare, with the same client for both. */
import { createClient } from "@gantry/client";
import { encodeClientMessage, parseServerMessage, sessionSubprotocol } from "@gantry/contract/session-protocol";
import { WebSocket } from "ws";

import { endProcess, startChild, startDaemon } from "../relay/children.ts";

export interface Terminal {
  type(text: string): void;
  /** Called with each stretch of output. */
  onOutput(listener: (data: Uint8Array) => void): void;
  /** Snapshots instead of output that the client was too slow for; never with the bare server. */
  readonly snapshots: number;
  receivedBytes: number;
  /** Behind the last output, and of the first; only with Gantry. */
  offset?: number;
  firstOffset?: number | undefined;
  /** Settles when the server has closed it. */
  ended: Promise<unknown>;
  close(): Promise<void>;
}

export interface TerminalServers {
  gantry: ReturnType<typeof createClient>;
  openGantry(argv: string[]): Promise<Terminal>;
  openBare(argv: string[]): Promise<Terminal>;
  /** One more client of the terminal of that name; the first starts its program. */
  shareBare(name: string, argv: string[]): Promise<Terminal>;
  readonly daemonUrl: string;
  readonly bareUrl: string;
  readonly key: string;
  readonly daemonPid: number;
  readonly barePid: number;
  attachGantry(id: string, query?: Record<string, string>): Promise<Terminal>;
  close(): Promise<void>;
}

const ackEveryBytes = 128 * 1024;

/** One client of a session. */
export async function attachTo(
  daemon: { url: string; key: string },
  id: string,
  query: Record<string, string> = {},
  end?: () => Promise<unknown>,
): Promise<Terminal> {
  const socket = new WebSocket(
    `${daemon.url.replace("http", "ws")}/ws/sessions/${id}?${new URLSearchParams(query).toString()}`,
    [sessionSubprotocol],
    {
      headers: { authorization: `Bearer ${daemon.key}` },
      perMessageDeflate: false,
    },
  );
  const listeners: ((data: Uint8Array) => void)[] = [];
  // What comes in the same read as `attached`, before anybody could listen.
  const early: Uint8Array[] = [];
  let acked = 0;
  let snapshots = 0;
  const terminal: Terminal = {
    type: (text) => socket.send(encodeClientMessage({ type: "input", data: Buffer.from(text) })),
    onOutput(listener) {
      listeners.push(listener);
      for (const data of early.splice(0)) listener(data);
    },
    get snapshots() {
      return snapshots;
    },
    receivedBytes: 0,
    offset: 0,
    firstOffset: undefined,
    ended: new Promise((resolve) => socket.once("close", resolve)),
    async close() {
      socket.terminate();
      await end?.();
    },
  };
  await new Promise<void>((resolve, reject) => {
    socket.on("error", reject);
    socket.on("message", (bytes: Buffer) => {
      terminal.receivedBytes += bytes.length;
      const message = parseServerMessage(bytes);
      if (message.type === "attached") resolve();
      if (message.type === "snapshot") snapshots += 1;
      if (message.type !== "output" && message.type !== "snapshot") return;
      const reached = message.offset + (message.type === "output" ? message.data.length : 0);
      terminal.firstOffset ??= message.offset;
      terminal.offset = reached;
      if (listeners.length === 0) early.push(message.data);
      for (const listener of listeners) listener(message.data);
      if (reached - acked < ackEveryBytes) return;
      acked = reached;
      socket.send(encodeClientMessage({ type: "ack", offset: reached }));
    });
  });
  return terminal;
}

/** `config` is the text of the daemon's gantry.toml, `main` its program. */
export async function startTerminalServers(config = "", main?: string): Promise<TerminalServers> {
  const daemon = await startDaemon({}, config, main);
  const bare = await startChild("../terminal/bare-server.ts");
  const gantry = createClient({ url: daemon.url, key: daemon.key });

  const attachGantry = (id: string, query?: Record<string, string>, end?: () => Promise<unknown>): Promise<Terminal> =>
    attachTo(daemon, id, query, end);
  const connectBare = async (argv: string[], more: [string, string][]): Promise<Terminal> => {
    const query = new URLSearchParams([...argv.map((word): [string, string] => ["argv", word]), ...more]).toString();
    const socket = new WebSocket(`ws://127.0.0.1:${bare.line}/?${query}`, { perMessageDeflate: false });
    await new Promise((resolve, reject) => {
      socket.on("open", resolve);
      socket.on("error", reject);
    });
    const terminal: Terminal = {
      type: (text) => socket.send(Buffer.from(text)),
      onOutput: (listener) => void socket.on("message", (bytes: Buffer) => listener(bytes)),
      snapshots: 0,
      receivedBytes: 0,
      ended: new Promise((resolve) => socket.once("close", resolve)),
      async close() {
        socket.terminate();
      },
    };
    socket.on("message", (bytes: Buffer) => (terminal.receivedBytes += bytes.length));
    return terminal;
  };
  return {
    gantry,
    attachGantry,
    async openGantry(argv) {
      const { sessionId } = await gantry.sessions.open({ argv, cwd: "/" });
      return attachGantry(sessionId, { since: "0" }, () => gantry.sessions.kill({ id: sessionId }));
    },
    openBare: (argv) => connectBare(argv, []),
    shareBare: (name, argv) => connectBare(argv, [["share", name]]),
    daemonUrl: daemon.url,
    bareUrl: `http://127.0.0.1:${bare.line}`,
    key: daemon.key,
    daemonPid: daemon.pid,
    barePid: bare.child.pid ?? 0,
    async close() {
      const { items } = await gantry.sessions.list({ live: true, limit: 1000 });
      await Promise.all(items.map(({ sessionId }) => gantry.sessions.kill({ id: sessionId })));
      await endProcess(bare.child);
      await daemon.stop();
    },
  };
}

/** Resolves when this text has come; it may be cut anywhere. */
export function waitFor(terminal: Terminal, text: string): Promise<void> {
  return new Promise((resolve) => {
    let tail = "";
    let done = false;
    terminal.onOutput((data) => {
      if (done) return;
      tail += Buffer.from(data.buffer, data.byteOffset + Math.max(0, data.length - 256), Math.min(256, data.length)).toString("latin1");
      if (tail.includes(text)) {
        done = true;
        resolve();
      }
      tail = tail.slice(-text.length);
    });
  });
}
