/**
 * Many clients of one terminal in a process of their own, which only count bytes and acknowledge: on bare sockets, because fifty whole
 * WebSocket clients take more of the machine than what is measured. `node crowd.ts <JSON of CrowdTask>` prints a line when all are
 * attached, takes a line to type a key, and prints a CrowdResult.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";

import { encodeClientMessage, messageTypes, outputHeaderBytes, snapshotHeaderBytes } from "@gantry/contract/session-protocol";

export interface CrowdTask {
  port: number;
  path: string;
  headers: Record<string, string>;
  clients: number;
  /** Of output; each client is done when it has seen as much. */
  bytes: number;
  /** Messages are those of `gantry.v1`; otherwise they are output as it is. */
  framed: boolean;
}

export interface CrowdResult {
  ms: number;
  snapshots: number;
}

const task = JSON.parse(process.argv[2] as string) as CrowdTask;
const ackEveryBytes = 128 * 1024;
const opcodes = { binary: 2, ping: 9, pong: 10 };
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);
/** A WebSocket header and the longest header of a message behind it. */
const headBytes = 10 + snapshotHeaderBytes;

/** A client must mask what it sends; a mask of zeros leaves it as it is. */
function send(socket: Socket, opcode: number, payload: Uint8Array): void {
  socket.write(Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]));
}

interface Client {
  type(): void;
  done: Promise<void>;
  readonly snapshots: number;
}

function attach(): Promise<Client> {
  return new Promise((attached, reject) => {
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    let upgraded = "";
    let isOpen = false;
    let seen = 0;
    let acked = 0;
    let snapshots = 0;
    /** The beginning of a frame, until its length and offset are known. */
    const head = Buffer.alloc(headBytes);
    let headLength = 0;
    let skip = 0;

    const reach = (offset: number): void => {
      seen = offset;
      if (task.framed && seen - acked >= ackEveryBytes) {
        acked = seen;
        send(socket, opcodes.binary, encodeClientMessage({ type: "ack", offset: seen }));
      }
      if (seen >= task.bytes) finish();
    };
    /** Takes a frame whose head is complete; true when it is. */
    const takeHead = (): boolean => {
      if (headLength < 2) return false;
      const short = (head[1] as number) & 0x7f;
      const frameHead = short === 126 ? 4 : short === 127 ? 10 : 2;
      if (headLength < frameHead) return false;
      const length = short === 126 ? head.readUInt16BE(2) : short === 127 ? Number(head.readBigUInt64BE(2)) : short;
      const wanted = Math.min(length, task.framed ? snapshotHeaderBytes : 0);
      if (headLength < frameHead + wanted) return false;
      const opcode = (head[0] as number) & 0x0f;
      const type = head[frameHead];
      if (opcode === opcodes.ping) send(socket, opcodes.pong, new Uint8Array());
      else if (!task.framed) reach(seen + length);
      else if (type === messageTypes.output) reach(Number(head.readBigUInt64BE(frameHead + 2)) + length - outputHeaderBytes);
      else if (type === messageTypes.snapshot) {
        snapshots += 1;
        reach(Number(head.readBigUInt64BE(frameHead + 1)));
      }
      skip = frameHead + length - headLength;
      headLength = 0;
      return true;
    };
    const take = (bytes: Buffer): void => {
      for (let at = 0; at < bytes.length;) {
        if (skip > 0) {
          const passed = Math.min(skip, bytes.length - at);
          skip -= passed;
          at += passed;
          continue;
        }
        head[headLength] = bytes[at] as number;
        headLength += 1;
        at += 1;
        takeHead();
      }
    };
    const socket = connect({
      port: task.port,
      host: "127.0.0.1",
      onread: {
        buffer: readBuffer,
        callback(count, buffer) {
          const bytes = (buffer as Buffer).subarray(0, count);
          if (isOpen) take(bytes);
          else {
            upgraded += bytes.toString("latin1");
            const end = upgraded.indexOf("\r\n\r\n");
            if (end === -1) return true;
            if (!upgraded.startsWith("HTTP/1.1 101")) {
              reject(new Error(upgraded.slice(0, 500)));
              return false;
            }
            isOpen = true;
            attached({
              type: () =>
                send(
                  socket,
                  opcodes.binary,
                  task.framed ? encodeClientMessage({ type: "input", data: Buffer.from("g") }) : Buffer.from("g"),
                ),
              done,
              get snapshots() {
                return snapshots;
              },
            });
            take(Buffer.from(upgraded.slice(end + 4), "latin1"));
          }
          return true;
        },
      },
    });
    socket.on("error", reject);
    const headers = { host: `127.0.0.1:${task.port}`, connection: "Upgrade", upgrade: "websocket", ...task.headers };
    const key = { "sec-websocket-version": "13", "sec-websocket-key": randomBytes(16).toString("base64") };
    const lines = Object.entries({ ...headers, ...key }).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`GET ${task.path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  });
}

const first = await attach();
const others = await Promise.all(Array.from({ length: task.clients - 1 }, attach));
process.stdout.write("attached\n");
await once(createInterface({ input: process.stdin }), "line");
const begin = performance.now();
first.type();
await Promise.all([first, ...others].map(({ done }) => done));
const ms = performance.now() - begin;
const snapshots = [first, ...others].reduce((sum, client) => sum + client.snapshots, 0);
process.stdout.write(`${JSON.stringify({ ms, snapshots } satisfies CrowdResult)}\n`, () => process.exit());
