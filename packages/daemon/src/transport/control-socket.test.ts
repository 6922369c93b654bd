import { randomBytes } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { encodeFrame, encodeJsonFrame, type Frame, FrameDecoder, GantryError, operation, room } from "@gantry/contract";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";

import { localCaller } from "../access/service.ts";
import { bind } from "../core/handlers.ts";
import { createLogger } from "../core/logger.ts";
import { listenOnControlSocket } from "./control-socket.ts";

const operations = room("things", {
  double: operation({
    method: "POST",
    path: "/double",
    permission: "executions.run",
    summary: "Double a number",
    input: z.object({ n: z.number() }),
    output: z.object({ n: z.number() }),
    events: z.object({ n: z.number() }),
    errors: ["notFound"],
  }),
});

let folder: string;
let path: string;
let close: () => Promise<void>;
let aborted: Promise<void>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-control-"));
  path = join(folder, "run/control.sock");
  let onAborted: () => void = () => undefined;
  aborted = new Promise((resolve) => (onAborted = resolve));
  const bound = bind(operations, {
    async double({ n }, { wantsStream, signal }) {
      if (n === 404) throw new GantryError("notFound", "no such number");
      if (n === 500) throw new Error("secret detail");
      if (!wantsStream) return { n: n * 2, extra: "not in the schema" } as { n: number };
      return (async function* () {
        yield { n };
        yield { n: n * 2 };
        if (n !== 8) return;
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
        onAborted();
      })();
    },
  });
  close = await listenOnControlSocket({
    path,
    operations: bound,
    duplexes: {
      "things.echo": async (duplex) => {
        duplex.onMessage((message) => duplex.send(message));
        duplex.send(Buffer.from("hello"));
      },
    },
    caller: localCaller,
    logger: createLogger({ level: "fatal" }),
  });
});
afterEach(async () => {
  await close();
  await rm(folder, { recursive: true });
});

/** Sends raw bytes and collects frames until `count` have come or the daemon has closed the connection. */
function exchange(bytes: Uint8Array, count: number): Promise<Frame[]> {
  return new Promise((resolve, reject) => {
    const frames: Frame[] = [];
    const decoder = new FrameDecoder();
    const socket = connect(path, () => socket.write(bytes));
    socket.on("data", (chunk: Buffer) => {
      frames.push(...decoder.push(chunk));
      if (frames.length >= count) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(frames));
  });
}

const json = (frames: Frame[]) => frames.map(({ payload }) => JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>);

test("only the owner can reach it", async () => {
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, "run"))).mode & 0o777).toBe(0o700);
});

test("an answer is stripped to its schema", async () => {
  expect(json(await exchange(encodeJsonFrame(1, { op: "things.double", input: { n: 4 } }), 1))).toEqual([{ output: { n: 8 } }]);
});

test("a stream ends with an end", async () => {
  const frames = await exchange(encodeJsonFrame(1, { op: "things.double", input: { n: 4 }, stream: true }), 3);
  expect(json(frames)).toEqual([{ event: { n: 4 } }, { event: { n: 8 } }, { end: true }]);
});

test("a client that goes away aborts its request", async () => {
  await exchange(encodeJsonFrame(1, { op: "things.double", input: { n: 8 }, stream: true }), 2);
  await expect(aborted).resolves.toBeUndefined();
});

test("wrong input, an expected failure, a defect, and an unknown operation each have their code, and a defect tells nothing", async () => {
  const requests = [{ n: "x" }, { n: 404 }, { n: 500 }].map((input, index) => encodeJsonFrame(index, { op: "things.double", input }));
  const frames = await exchange(Buffer.concat([...requests, encodeJsonFrame(9, { op: "things.none", input: {} })]), 4);
  const codes = frames.map((frame) => [frame.channel, (json([frame]) as { error: { code: string } }[])[0]?.error.code]);
  expect(Object.fromEntries(codes)).toEqual({ 0: "invalidArgument", 1: "notFound", 2: "internal", 9: "unimplemented" });
  expect(JSON.stringify(json(frames))).not.toContain("secret detail");
});

test("a channel of bytes goes both ways", async () => {
  const frames = await exchange(
    Buffer.concat([encodeJsonFrame(5, { op: "things.echo", input: {} }), encodeFrame(1, 5, Buffer.from("ping"))]),
    3,
  );
  expect(json(frames.slice(0, 1))).toEqual([{ attached: true }]);
  expect(frames.slice(1).map(({ payload }) => Buffer.from(payload).toString())).toEqual(["hello", "ping"]);
});

test.each([
  ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil\r\n\r\n")],
  ["a frame that holds no JSON", encodeFrame(0, 1, Buffer.from("{"))],
  ["noise", Buffer.concat([Buffer.from([255]), randomBytes(64)])],
])("%s is answered with a closed connection, and the next client is served", async (_what, bytes) => {
  expect(await exchange(bytes, 1)).toEqual([]);
  expect(await exchange(encodeJsonFrame(1, { op: "things.double", input: { n: 1 } }), 1)).toHaveLength(1);
});
