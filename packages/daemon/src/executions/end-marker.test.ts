import fc from "fast-check";
import { expect, test } from "vitest";

import { createMarkedStream } from "./end-marker.ts";

const marker = Buffer.from("\0aab");

test("whatever the cuts, output before the marker is whole and nothing after it is kept", () => {
  // An alphabet of the marker's own bytes makes false starts the rule.
  const bytes = fc.array(fc.constantFrom(0, 97, 98), { maxLength: 40 }).map((values) => Buffer.from(values));
  fc.assert(
    fc.property(bytes, bytes, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (before, after, cuts) => {
      fc.pre(!Buffer.concat([before, marker]).subarray(0, -1).includes(marker));
      const seen: Buffer[] = [];
      let ends = 0;
      const stream = createMarkedStream(
        marker,
        (data) => seen.push(Buffer.from(data)),
        () => (ends += 1),
      );
      const whole = Buffer.concat([before, marker, after]);
      for (let at = 0, turn = 0; at < whole.length; turn += 1) {
        const length = cuts[turn % cuts.length] as number;
        stream.push(whole.subarray(at, at + length));
        at += length;
      }
      expect(Buffer.concat(seen)).toEqual(before);
      expect(ends).toBe(1);
    }),
  );
});

test("a stream that closes without a marker gives everything", () => {
  const seen: Buffer[] = [];
  const stream = createMarkedStream(
    marker,
    (data) => seen.push(Buffer.from(data)),
    () => undefined,
  );
  stream.push(Buffer.from("text\0aa"));
  stream.flush();
  expect(Buffer.concat(seen).toString()).toBe("text\0aa");
});
