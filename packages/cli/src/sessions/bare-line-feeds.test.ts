import fc from "fast-check";
import { expect, test } from "vitest";

import { withVerticalTabs } from "./bare-line-feeds.ts";

const bytesOf = (text: string): Uint8Array => Buffer.from(text);

test("only a line feed by itself is changed, and the given bytes never", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("\r", "\n", "a", "漢", "\u001b[A"), { maxLength: 40 }), (pieces) => {
      const text = pieces.join("");
      const given = bytesOf(text);
      const changed = Buffer.from(withVerticalTabs(given)).toString();
      expect(changed).toBe(text.replaceAll(/(?<!\r)\n/g, "\u000b"));
      expect(Buffer.from(given).toString()).toBe(text);
    }),
  );
  const whole = bytesOf("a\r\nb");
  expect(withVerticalTabs(whole)).toBe(whole);
});
