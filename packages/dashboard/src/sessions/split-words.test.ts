import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { splitWords } from "./split-words.ts";

describe("splitWords", () => {
  it("parts at spaces and keeps what is quoted", () => {
    expect(splitWords(`  vim  "a file" it\\'s 'x "y"' "" `)).toEqual(["vim", "a file", "it's", 'x "y"', ""]);
    expect(splitWords("")).toEqual([]);
  });

  it("gives back words that were quoted one by one", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (words) => {
        const line = words.map((word) => `"${word.replaceAll(/["\\]/g, "\\$&")}"`).join(" ");
        expect(splitWords(line)).toEqual(words);
      }),
    );
  });
});
