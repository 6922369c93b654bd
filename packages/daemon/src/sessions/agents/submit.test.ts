import { expect, test } from "vitest";

import { showsTyped, submit, type SubmitOptions } from "./submit.ts";

test.each([
  ["say hello", "❯ ", "❯ say hello", true],
  ["say hello", "❯ say hello\n● SAY\n❯ ", "❯ say hello\n● SAY\n❯ say hello", true],
  ["say hello", "❯ say hello\n❯ ", "❯ say hello\n❯ \n? for shortcuts", false],
  ["say hello", "❯ ", "Make it your default?\n❯ Yes\n  No", false],
  ["a long text that is wrapped", "> ", "> a long\n  text that is\n  wrapped", true],
  ["one\ntwo\nthree", "> ", "> [Pasted text #1 +3 lines]", true],
  ["1", "❯ 1. Yes\n❯ ", "❯ 1. Yes\n❯ 1", true],
])("%j after %j and then %j: %s", (text, before, shown, isThere) => {
  expect(showsTyped(text, before, shown)).toBe(isThere);
});

/** A program that answers what is typed with the next of its screens, by a clock of its own. */
function program(screens: Record<string, string>, asks: boolean) {
  let screen = "❯ ";
  let nowMs = 0;
  const typed: string[] = [];
  const options: SubmitOptions = {
    link: { screen: () => Promise.resolve(screen) },
    write(_id, bytes) {
      const keys = Buffer.from(bytes).toString();
      typed.push(keys);
      screen = screens[keys] ?? screen;
    },
    confirmed: () => false,
    asks: () => asks,
    nowMs: () => (nowMs += 200),
  };
  return { typed, options };
}

test("Enter is pressed when the text shows, and never into a question that came instead", async () => {
  const fine = program({ "say hello": "❯ say hello", "\r": "· Thundering…" }, false);
  expect(await submit("ses", "say hello", fine.options)).toHaveProperty("enteredMs");
  expect(fine.typed).toEqual(["say hello", "\r"]);
  const asking = program({ "say hello": "Make it your default?\n❯ Yes" }, true);
  expect(await submit("ses", "say hello", asking.options)).toEqual({ problem: expect.stringContaining("asks something else") as string });
  expect(asking.typed).toEqual(["say hello"]);
  const deaf = program({}, false);
  expect(await submit("ses", "say hello", deaf.options)).toEqual({ problem: expect.stringContaining("showed nothing") as string });
  expect(deaf.typed).toEqual(["say hello"]);
});
