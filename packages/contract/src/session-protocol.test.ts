import fc from "fast-check";
import { expect, test } from "vitest";

import {
  type ClientMessage,
  encodeClientMessage,
  encodeServerMessage,
  maxCols,
  maxRows,
  parseClientMessage,
  parseServerMessage,
  type ServerMessage,
  SessionProtocolError,
} from "./session-protocol.ts";

const data = fc.uint8Array({ maxLength: 100 });
const offset = fc.maxSafeNat();
const cols = fc.integer({ min: 1, max: maxCols });
const rows = fc.integer({ min: 1, max: maxRows });

const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  fc.record({ type: fc.constant("input" as const), data }),
  fc.record({ type: fc.constant("resize" as const), cols, rows }),
  fc.record({ type: fc.constant("ack" as const), offset }),
  fc.record({ type: fc.constant("control" as const), take: fc.boolean() }),
  fc.record({ type: fc.constant("ping" as const), data }),
  fc.record({ type: fc.constant("command" as const), content: fc.string({ unit: "grapheme" }) }),
  fc.record({ type: fc.constant("signal" as const), signal: fc.constantFrom("SIGINT", "SIGUSR1") }),
  fc.constantFrom({ type: "interrupt" as const }, { type: "status" as const }, { type: "end" as const }, { type: "redraw" as const }),
);

const serverMessage: fc.Arbitrary<ServerMessage> = fc.oneof(
  fc.record({ type: fc.constant("snapshot" as const), offset, cols, rows, data }),
  fc.record({ type: fc.constant("output" as const), offset, stream: fc.constantFrom<1 | 2>(1, 2), data }),
  fc.record({ type: fc.constant("resized" as const), cols, rows }),
  fc.record({ type: fc.constant("pong" as const), data }),
  fc.record({
    type: fc.constant("exit" as const),
    value: fc.record({ state: fc.string(), exitCode: fc.nat(255), signal: fc.constant(null), reason: fc.string(), offset }),
  }),
  fc.record({ type: fc.constant("broadcast" as const), value: fc.record({ from: fc.string(), message: fc.string(), time: fc.string() }) }),
);

function errorOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

test("client messages survive the wire", () => {
  fc.assert(
    fc.property(clientMessage, (message) => {
      expect(parseClientMessage(encodeClientMessage(message))).toEqual(message);
    }),
  );
});

test("server messages survive the wire", () => {
  fc.assert(
    fc.property(serverMessage, (message) => {
      expect(parseServerMessage(encodeServerMessage(message))).toEqual(message);
    }),
  );
});

test("any bytes are a message or a SessionProtocolError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      for (const parse of [parseClientMessage, parseServerMessage]) {
        expect(errorOf(() => parse(bytes)) ?? new SessionProtocolError("none")).toBeInstanceOf(SessionProtocolError);
      }
    }),
    { numRuns: 1000 },
  );
});

test("sizes out of range are refused", () => {
  for (const size of [
    { cols: 0, rows: 1 },
    { cols: 1, rows: 0 },
    { cols: maxCols + 1, rows: 1 },
    { cols: 1, rows: maxRows + 1 },
  ]) {
    expect(() => parseClientMessage(encodeClientMessage({ type: "resize", ...size }))).toThrow(SessionProtocolError);
  }
});
