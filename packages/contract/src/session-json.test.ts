import fc from "fast-check";
import { expect, test } from "vitest";

import { createJsonServerWriter, parseJsonClientMessage, sessionSignals } from "./session-json.ts";
import { SessionProtocolError } from "./session-protocol.ts";

const encoder = new TextEncoder();

test("each message that a client may send is understood", () => {
  const parse = (message: object) => parseJsonClientMessage(JSON.stringify(message));
  expect(parse({ type: "command", content: "ls" })).toEqual({ type: "command", content: "ls" });
  expect(parse({ type: "input", data: "ü" })).toEqual({ type: "input", data: encoder.encode("ü") });
  expect(parse({ type: "input", data: "/wA=", encoding: "base64" })).toEqual({ type: "input", data: new Uint8Array([255, 0]) });
  expect(parse({ type: "interrupt" })).toEqual({ type: "interrupt" });
  for (const signal of sessionSignals) expect(parse({ type: "signal", signal })).toEqual({ type: "signal", signal });
  expect(parse({ type: "resize", cols: 80, rows: 24 })).toEqual({ type: "resize", cols: 80, rows: 24 });
  expect(parse({ type: "ack", offset: 7 })).toEqual({ type: "ack", offset: 7 });
  expect(parse({ type: "control", take: true })).toEqual({ type: "control", take: true });
  expect(parse({ type: "status" })).toEqual({ type: "status" });
  expect(parse({ type: "end" })).toEqual({ type: "end" });
  expect(parse({ type: "redraw" })).toEqual({ type: "redraw" });
  expect(parse({ type: "ping" })).toEqual({ type: "ping", data: new Uint8Array() });
});

test("what is wrong is named with its field and what is allowed", () => {
  for (const [text, complaint] of [
    ["{", "not JSON"],
    ["[]", "known are command, input"],
    ['{"type":"shout"}', 'no message of type "shout"; known are'],
    ['{"type":"resize","cols":0,"rows":24}', "resize.cols"],
    ['{"type":"resize","cols":80,"rows":501}', "<=500"],
    ['{"type":"signal","signal":"SIGSEGV"}', "signal.signal"],
    ['{"type":"input","data":"%","encoding":"base64"}', "not base64"],
    ['{"type":"command"}', "command.content"],
    ['{"type":"status","more":1}', "more"],
    [JSON.stringify({ type: "input", data: "x".repeat(65_537) }), "65536"],
  ] as const) {
    expect(() => parseJsonClientMessage(text)).toThrow(complaint);
  }
});

test("any text is either a message or a SessionProtocolError", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json(),
        fc.json().map((json) => `{"type":"input","data":${json}}`),
      ),
      (text) => {
        let thrown: unknown;
        try {
          parseJsonClientMessage(text);
        } catch (error) {
          thrown = error;
        }
        expect(thrown === undefined || thrown instanceof SessionProtocolError).toBe(true);
      },
    ),
  );
});

test("text comes whole however its bytes are cut, and base64 keeps every byte", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.array(fc.nat(40)), (text, cuts) => {
      const bytes = encoder.encode(text);
      const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((one, other) => one - other), bytes.length];
      for (const encoding of ["utf8", "base64"] as const) {
        const writer = createJsonServerWriter(encoding, () => 0);
        const messages = edges.slice(1).flatMap((edge, index) => {
          const from = edges[index] as number;
          return writer.write({ type: "output", stream: 1, offset: from, data: bytes.subarray(from, edge) });
        });
        messages.push(...writer.write({ type: "exit", value: { state: "exited", reason: "exited", offset: bytes.length } }));
        const pieces = messages
          .map((message) => JSON.parse(message) as { type: string; data: string })
          .filter(({ type }) => type === "stdout");
        const whole = pieces.map(({ data }) => (encoding === "utf8" ? data : atob(data))).join("");
        expect(whole).toBe(encoding === "utf8" ? text : String.fromCharCode(...bytes));
      }
    }),
  );
});

test("bytes that are no UTF-8 are marked, not dropped, and a character cut by the end is told", () => {
  const writer = createJsonServerWriter("utf8", () => 0);
  const [first] = writer.write({ type: "output", stream: 2, offset: 0, data: new Uint8Array([0x61, 0xff, 0x62, 0xe2, 0x82]) });
  expect(JSON.parse(first as string)).toMatchObject({ type: "stderr", offset: 0, nextOffset: 5, data: "a\ufffdb" });
  const last = writer.write({ type: "exit", value: { state: "exited", reason: "exited", offset: 5 } });
  expect(last.map((message) => (JSON.parse(message) as { type: string }).type)).toEqual(["stderr", "exit"]);
});
