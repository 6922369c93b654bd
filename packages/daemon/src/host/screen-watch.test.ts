import { expect, test, vi } from "vitest";

import type { ScreenRule, ScreenSignal } from "./interface.ts";
import { createScreen } from "./screen.ts";

const rules: ScreenRule[] = [
  { state: "waitingPermission", in: "bottom", match: "Do you want to proceed" },
  { state: "working", in: "bottom", match: "esc to interrupt" },
  { state: "working", in: "title", match: "^[⠀-⣿] " },
  { state: "idle", in: "bottom", match: String.raw`^❯(\s|$)` },
];

function watch(given: readonly ScreenRule[] | undefined = rules) {
  const signals: ScreenSignal[] = [];
  let settled = 0;
  const events = {
    reply: () => {},
    title: () => {},
    signal: (signal: ScreenSignal) => void signals.push(signal),
    settled: () => void (settled += 1),
  };
  const screen = createScreen({ cols: 60, rows: 10, scrollbackLines: 50, rules: given }, events);
  return {
    screen,
    signals,
    states: () => signals.map(({ source, state }) => `${source} ${state}`),
    write: (text: string) => new Promise<void>((resolve) => screen.write(Buffer.from(text), resolve)),
    settles: (times: number) => vi.waitFor(() => expect(settled).toBeGreaterThanOrEqual(times), { interval: 5 }),
  };
}

test("rules are matched on a settled screen, the first counts, and each settling is told anew", async () => {
  const { write, settles, states } = watch();
  await write("hello\r\n");
  await settles(1);
  expect(states()).toEqual(["screen unknown"]);
  await write("❯ ");
  await settles(2);
  await write("typed");
  await settles(3);
  await write("\r\nDo you want to proceed? esc to interrupt");
  await settles(4);
  expect(states().slice(1)).toEqual(["screen idle", "screen idle", "screen waitingPermission"]);
});

test("a spinner that never settles is believed when two looks agree", async () => {
  const { write, states } = watch();
  for (let frame = 0; !states().includes("screen working"); frame += 1) {
    await write(`\r${"-\\|/"[frame % 4]} Pondering (esc to interrupt)`);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(frame, "frames until the spinner was seen").toBeLessThan(300);
  }
});

test("announcements by OSC and title are told at once", async () => {
  const { write, states, signals } = watch();
  await write("\u001b]9;4;3\u0007\u001b]9;4;0\u0007\u001b]133;A\u0007\u001b]133;C\u0007");
  await write("\u001b]777;notify;Agent;needs your permission\u0007\u001b]9;turn\u0001 complete\u0007");
  await write("\u001b]0;⠂ thinking\u0007\u001b]0;other\u0007");
  expect(states()).toEqual([
    "osc working",
    "osc idle",
    "osc idle",
    "osc working",
    "osc waitingPermission",
    "osc idle",
    "title working",
    "title unknown",
  ]);
  expect(signals[4]?.detail).toBe("notice: Agent;needs your permission");
});

test("a pattern that would take a backtracking matcher for ever takes none of the thread's time", async () => {
  const { write, settles } = watch([{ state: "idle", in: "screen", match: "(a+)+$" }]);
  const startMs = performance.now();
  await write(`${"a".repeat(550)}!`);
  await settles(1);
  expect(performance.now() - startMs).toBeLessThan(1000);
});

test("a transcript is what was printed, without what was only painted again, over the end of the scrollback and unwrapped", async () => {
  const { screen, write } = watch(undefined);
  const box = "╭────╮\r\n❯ \r\n╰────╯";
  await write(`Welcome\r\n\r\n${box}`);
  screen.mark("one");
  await write(`\u001b[2A\r\u001b[J● first ${"long ".repeat(20)}\r\n● second\r\n\r\n${box}`);
  expect(screen.transcript("one")).toBe(`● first ${"long ".repeat(20).trimEnd()}\n● second\n`);
  screen.mark("two");
  const lines = Array.from({ length: 40 }, (_, index) => `line ${index}`);
  await write(`\u001b[2A\r\u001b[J${lines.join("\r\n")}\r\n${box}`);
  expect(screen.transcript("two")).toBe(`${lines.join("\n")}\n`);
  const more = Array.from({ length: 100 }, (_, index) => `more ${index}`);
  await write(`\u001b[2A\r\u001b[J${more.join("\r\n")}\r\n${box}`);
  expect(screen.transcript("two")).toContain("more 99\n");
  expect(screen.transcript("unknown").length).toBeGreaterThan(100);
  await write("\u001b[?1049h\u001b[HBefore");
  screen.mark("alternate");
  await write("\r\nAfter");
  expect(screen.transcript("alternate")).toBe("After\n");
});
