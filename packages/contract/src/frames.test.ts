import fc from "fast-check";
import { expect, test } from "vitest";

import { decodeJsonPayload, encodeFrame, encodeJsonFrame, FrameDecoder, FrameError } from "./frames.ts";

test("frames survive any cutting of the stream", () => {
  const frame = fc.record({ kind: fc.nat(255), channel: fc.nat(0xffffffff), payload: fc.uint8Array({ maxLength: 300 }) });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (frames, cuts) => {
      const stream = Buffer.concat(frames.map(({ kind, channel, payload }) => encodeFrame(kind, channel, payload)));
      const decoder = new FrameDecoder();
      const seen = [];
      for (let at = 0, turn = 0; at < stream.length; turn += 1) {
        const length = cuts[turn % cuts.length] as number;
        seen.push(...decoder.push(stream.subarray(at, at + length)));
        at += length;
      }
      expect(seen.map(({ kind, channel, payload }) => [kind, channel, [...payload]])).toEqual(
        frames.map(({ kind, channel, payload }) => [kind, channel, [...payload]]),
      );
      expect(decoder.bufferedBytes).toBe(0);
    }),
  );
});

test("an over-long frame is refused before its payload arrives", () => {
  const decoder = new FrameDecoder(10);
  expect(() => decoder.push(encodeFrame(1, 1, new Uint8Array(11)).subarray(0, 9))).toThrow(FrameError);
});

test("a JSON frame that holds no JSON is a protocol error", () => {
  const [frame] = new FrameDecoder().push(encodeJsonFrame(7, { a: 1 }));
  expect(decodeJsonPayload((frame as { payload: Uint8Array }).payload)).toEqual({ a: 1 });
  expect(() => decodeJsonPayload(new Uint8Array([123]))).toThrow(FrameError);
});
