import fc from "fast-check";
import { expect, test } from "vitest";

import { createDetachKey } from "./detach-key.ts";

const pushAll = (key: ReturnType<typeof createDetachKey>, texts: string[]): [string, boolean] => {
  let typed = "";
  for (const text of texts) {
    const { pass, detach } = key.push(Buffer.from(text));
    typed += Buffer.from(pass).toString();
    if (detach) return [typed, true];
  }
  return [typed, false];
};

test("ordinary typing passes", () => {
  fc.assert(
    fc.property(fc.array(fc.string().filter((text) => !text.includes("\x1c"))), (texts) => {
      expect(pushAll(createDetachKey(), texts)).toEqual([texts.join(""), false]);
    }),
  );
});

test("the key detaches, in one read or two, and in the forms that programs ask terminals for", () => {
  for (const texts of [["ab\x1cd"], ["ab\x1c", "d"], ["ab\x1b[92;5u", "d"], ["ab\x1b[27;5;92~d"]]) {
    expect(pushAll(createDetachKey(), texts)).toEqual(["ab", true]);
  }
  expect(pushAll(createDetachKey("ctrl-a"), ["\x01", "d"])).toEqual(["", true]);
});

test("the prefix before anything else is typed, and twice it is typed once", () => {
  expect(pushAll(createDetachKey(), ["\x1c", "x"])).toEqual(["\x1cx", false]);
  expect(pushAll(createDetachKey(), ["\x1c\x1cd"])).toEqual(["\x1cd", false]);
});

test("a key that cannot be is refused", () => {
  expect(() => createDetachKey("d")).toThrow("ctrl-");
});
