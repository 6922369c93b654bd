import { expect, test } from "vitest";

import { createTypingOrder } from "./typing-order.ts";

test("what is typed behind a command waits for it, in order, up to a limit; without one it is typed at once", async () => {
  const order = createTypingOrder();
  const typed: string[] = [];
  const type = (text: string, bytes = text.length): boolean => order.behind(bytes, () => void typed.push(text));
  type("a");
  expect(typed).toEqual(["a"]);
  let finish: () => void = () => undefined;
  order.command(async () => {
    typed.push("first");
    await new Promise<void>((resolve) => (finish = resolve));
    typed.push("Enter");
  });
  await Promise.resolve();
  expect(type("b")).toBe(true);
  order.command(() => Promise.resolve(void typed.push("second")));
  expect(type("c")).toBe(true);
  expect(type("too much", 1024 * 1024)).toBe(false);
  expect(typed).toEqual(["a", "first"]);
  finish();
  await new Promise((resolve) => setImmediate(resolve));
  expect(typed).toEqual(["a", "first", "Enter", "b", "second", "c"]);
  type("d", 1024 * 1024);
  expect(typed.at(-1)).toBe("d");
});
