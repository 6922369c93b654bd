import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createOutputBuffer } from "./output-buffer.ts";

const texts = (buffer: ReturnType<typeof createOutputBuffer>) => buffer.lines().map(({ text }) => text);

describe("output buffer", () => {
  it("joins pieces of a line and keeps the streams apart", () => {
    const buffer = createOutputBuffer();
    buffer.append("stdout", "one\ntw");
    buffer.append("stderr", "oops\n");
    buffer.append("stdout", "o\n");
    expect(buffer.lines()).toEqual([
      { number: 1, stream: "stdout", text: "one" },
      { number: 2, stream: "stdout", text: "two" },
      { number: 3, stream: "stderr", text: "oops" },
    ]);
  });

  it("leaves out escape sequences and shows what a carriage return left", () => {
    const buffer = createOutputBuffer();
    buffer.append("stdout", "\u001b[31mred\u001b[0m \u001b]0;title\u0007done\n10%\r20%\r\n");
    expect(texts(buffer)).toEqual(["red done", "20%"]);
  });

  it("keeps the newest lines and counts the rest", () => {
    const buffer = createOutputBuffer(3);
    buffer.append("stdout", "1\n2\n3\n4\n5\n");
    expect(texts(buffer)).toEqual(["3", "4", "5"]);
    expect(buffer.dropped()).toBe(2);
  });

  it("does not care how plain text is cut", () => {
    const words = fc.array(fc.stringMatching(/^[a-z\n]{0,8}$/), { maxLength: 20 });
    fc.assert(
      fc.property(words, (pieces) => {
        const cut = createOutputBuffer();
        for (const piece of pieces) cut.append("stdout", piece);
        const whole = createOutputBuffer();
        whole.append("stdout", pieces.join(""));
        expect(texts(cut)).toEqual(texts(whole));
      }),
    );
  });
});
