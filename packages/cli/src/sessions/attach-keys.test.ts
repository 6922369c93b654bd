/** Which keys `gantry attach` keeps for itself, and that everything else reaches the program as it was typed. */
import fc from "fast-check";
import { expect, test } from "vitest";

import { createAttachKeys, describeKeys } from "./attach-keys.ts";

/** Texts that pass, joined, and the keys between them. */
function pushAll(keys: ReturnType<typeof createAttachKeys>, texts: string[]): string[] {
  const seen: string[] = [];
  let passing = false;
  for (const step of texts.flatMap((text) => keys.push(Buffer.from(text)))) {
    const passes = typeof step !== "string";
    const text = passes ? Buffer.from(step).toString("latin1") : step;
    if (passes && passing) seen.push((seen.pop() ?? "") + text);
    else seen.push(text);
    passing = passes;
  }
  return seen;
}

test("ordinary typing passes", () => {
  const bytes = fc.uint8Array().filter((typed) => !typed.includes(0x1c) && !Buffer.from(typed).includes("\u001b["));
  fc.assert(
    fc.property(fc.array(bytes), (pieces) => {
      const keys = createAttachKeys();
      const passed = pieces.flatMap((piece) => keys.push(piece)).map((step) => Buffer.from(step as Uint8Array));
      expect(Buffer.concat(passed)).toEqual(Buffer.concat(pieces));
    }),
  );
});

test("the key detaches, in one read or two, and in the forms that programs ask terminals for", () => {
  for (const texts of [["ab\x1cd"], ["ab\x1c", "d"], ["ab\x1b[92;5u", "d"], ["ab\x1b[27;5;92~d"]]) {
    expect(pushAll(createAttachKeys(), texts)).toEqual(["ab", "detach"]);
  }
  expect(pushAll(createAttachKeys("ctrl-a"), ["\x01", "d"])).toEqual(["detach"]);
});

test("the other keys come in their place among what is typed", () => {
  expect(pushAll(createAttachKeys(), ["a\x1ccb\x1c", "?c\x1crd"])).toEqual(["a", "control", "b", "help", "c", "redraw", "d"]);
});

test("the prefix before anything else is typed, and twice it is typed once", () => {
  expect(pushAll(createAttachKeys(), ["\x1c", "x"])).toEqual(["\x1cx"]);
  expect(pushAll(createAttachKeys(), ["\x1c\x1cd"])).toEqual(["\x1cd"]);
  expect(pushAll(createAttachKeys(), ["\x1c\x1cc"])).toEqual(["\x1cc"]);
});

test("the keys are told in one line with the prefix that was chosen", () => {
  expect(describeKeys(createAttachKeys("ctrl-a").prefix)).toMatch(/^Ctrl-A then d detaches .* c takes control/);
  expect(describeKeys(createAttachKeys().prefix).length).toBeLessThan(79);
});

test("a key that cannot be is refused", () => {
  expect(() => createAttachKeys("d")).toThrow("ctrl-");
});
