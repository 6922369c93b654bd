import { expect, test } from "vitest";

import { showsTyped, submit, type SubmitTo } from "./submit.ts";

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

interface Program {
  /** What it shows after a key or text that was typed; undefined: it shows nothing new. */
  take(typed: string, screen: string): string | undefined;
  answered?: () => boolean;
  confirmed?: (screen: string) => boolean;
  /** Its screen at each look, when it moves by itself. */
  frame?: (screen: string) => string;
  asks?: () => boolean;
}

/** Types into a program that is made of its reactions; tells what it was given, and when, on a clock of its own. */
async function typeInto(text: string, to: SubmitTo, program: Program) {
  const { take, asks = () => false, answered = () => false, confirmed = () => false, frame = (screen: string) => screen } = program;
  let screen = "> ";
  let nowMs = 0;
  let enteredMs = -1;
  const typed: string[] = [];
  const outcome = await submit("ses_1", text, to, {
    link: { screen: () => Promise.resolve(frame(screen)) },
    write(_id, bytes) {
      const given = Buffer.from(bytes).toString();
      typed.push(given);
      if (given === "\r") enteredMs = nowMs;
      screen = take(given, screen) ?? screen;
    },
    confirmed: () => confirmed(screen),
    answered,
    asks,
    nowMs: () => nowMs,
    pause(ms) {
      nowMs += ms;
      return Promise.resolve();
    },
  });
  return { result: { problem: "problem" in outcome ? outcome.problem : undefined, typed }, enteredMs };
}

const echo = (typed: string, screen: string): string => screen + typed;

test.each<[SubmitTo, string]>([
  ["agent", "Why?"],
  ["program", "make"],
  ["dialog", "because"],
])("a text for a(n) %s is typed, then Enter, once each", async (to, text) => {
  expect((await typeInto(text, to, { take: echo })).result).toEqual({ problem: undefined, typed: [text, "\r"] });
});

test("an agent that shows nothing is not given Enter; a program may be reading a password", async () => {
  const deaf = { take: () => undefined };
  expect((await typeInto("Why?", "agent", deaf)).result).toEqual({
    problem: expect.stringContaining("showed nothing of what was typed within 5 s, so Enter was not pressed") as string,
    typed: ["Why?"],
  });
  const asksSecret = { take: (typed: string, screen: string) => (typed === "\r" ? `${screen}\nthanks` : undefined) };
  expect((await typeInto("secret", "program", asksSecret)).result).toEqual({ problem: undefined, typed: ["secret", "\r"] });
  expect((await typeInto("x", "program", deaf)).result).toEqual({
    problem: expect.stringContaining("did not react to Enter within 5 s") as string,
    typed: ["x", "\r"],
  });
});

test("a question that comes instead of the text is not answered by its Enter", async () => {
  const asking: Program = { take: () => "Make it your default?\n❯ Yes", asks: () => true };
  expect((await typeInto("say hello", "agent", asking)).result).toEqual({
    problem: expect.stringContaining("asks something else, so Enter was not pressed") as string,
    typed: ["say hello"],
  });
});

test("a screen that takes the text and not the Enter is told, and neither is typed again", async () => {
  const stuck = { take: (typed: string, screen: string) => (typed === "\r" ? undefined : echo(typed, screen)) };
  expect((await typeInto("Why?", "agent", stuck)).result).toEqual({
    problem: expect.stringContaining("did not react to Enter within 10 s; what was typed may still stand in its input") as string,
    typed: ["Why?", "\r"],
  });
});

test("a key that ends a dialog, or the program, is not followed by an Enter for what comes next", async () => {
  let closed = false;
  const dialog: Program = {
    take: () => ((closed = true), "working"),
    answered: () => closed,
  };
  expect((await typeInto("1", "dialog", dialog)).result).toEqual({ problem: undefined, typed: ["1"] });
  const list: Program = { take: (typed, screen) => (typed === "\r" ? "done" : `${screen}[2]`) };
  expect((await typeInto("2", "dialog", list)).result).toEqual({ problem: undefined, typed: ["2", "\r"] });
  const pager: Program = { take: () => "", confirmed: (screen) => screen === "" };
  expect((await typeInto("q", "program", pager)).result).toEqual({ problem: undefined, typed: ["q"] });
});

test("a screen that never stands still has taken a text when it shows its end", async () => {
  let frames = 0;
  const spinning: Program = {
    take: (typed, screen) => screen + typed.replaceAll("\r", "\n"),
    frame: (screen) => `${(frames += 1)} ${screen}`,
  };
  const { result, enteredMs } = await typeInto("and now\nsomething else", "agent", spinning);
  expect(result).toEqual({ problem: undefined, typed: ["and now\rsomething else", "\r"] });
  expect(enteredMs).toBeLessThan(1000);
});
