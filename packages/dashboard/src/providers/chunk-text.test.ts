import { describe, expect, it } from "vitest";

import { readChunks } from "./chunk-text.ts";

describe("readChunks", () => {
  it("joins text, whatever its wrapping", () => {
    expect(readChunks(["a ", "b"])).toBe("a b");
    expect(readChunks([{ text: "a" }, { delta: { content: "b" } }, { token: "c" }])).toBe("abc");
    expect(
      readChunks([{ choices: [{ delta: { content: "a" } }] }, { choices: [{ delta: {}, finish_reason: "stop" }] }, { choices: [] }]),
    ).toBe("a");
  });

  it("writes one value a line when some are not text", () => {
    expect(readChunks([1, { n: 2 }, "x"])).toBe('1\n{"n":2}\n"x"');
  });
});
