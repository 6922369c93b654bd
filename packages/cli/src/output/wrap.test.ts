import { expect, test } from "vitest";

import { wrap } from "./wrap.ts";

test("lines end at words, later ones are indented, and a word that is too long stays whole", () => {
  expect(wrap("one two three four", "  ", 2, 10)).toBe("one two\n  three\n  four");
  expect(wrap("a /a/path/that/is/long b", "  ", 2, 10)).toBe("a\n  /a/path/that/is/long\n  b");
  expect(wrap("one two three four", "  ", 2, 80)).toBe("one two three four");
  expect(wrap("one two three four", "  ", 2, Infinity)).toBe("one two three four");
});
