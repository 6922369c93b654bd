import type { AgentState } from "@gantry/contract";
import fc from "fast-check";
import { expect, test } from "vitest";

import {
  type AgentFacts,
  type AgentSignal,
  holdMs,
  judge,
  keystrokeMs,
  note,
  restMs,
  type SignalSource,
  startFacts,
} from "./agent-state.ts";
import { meaningOf } from "./keystrokes.ts";

type Step = [timeMs: number, source: SignalSource, state: AgentState];

function after(steps: readonly Step[]): AgentFacts {
  return steps.reduce((facts, [timeMs, source, state]) => note(facts, { source, state, detail: "", timeMs }), startFacts(0));
}

test.each<[string, Step[], number, AgentState, string]>([
  ["nothing is known yet", [], 10, "starting", "start"],
  ["no rule matches", [[1, "screen", "unknown"]], 10, "unknown", "screen"],
  [
    "a hook beats the screen",
    [
      [1, "screen", "idle"],
      [2, "hook", "working"],
    ],
    10,
    "working",
    "hook",
  ],
  [
    "Enter is believed at once",
    [
      [1, "screen", "idle"],
      [5, "keystroke", "working"],
    ],
    6,
    "working",
    "keystroke",
  ],
  [
    "the old prompt painted again does not end a turn",
    [
      [5, "keystroke", "working"],
      [105, "screen", "idle"],
    ],
    200,
    "working",
    "keystroke",
  ],
  [
    "but it does in the end",
    [
      [5, "keystroke", "working"],
      [105, "screen", "idle"],
    ],
    5 + holdMs,
    "idle",
    "screen",
  ],
  [
    "at once after a spinner",
    [
      [5, "keystroke", "working"],
      [50, "screen", "working"],
      [105, "screen", "idle"],
    ],
    106,
    "idle",
    "screen",
  ],
  [
    "a shell's prompt ends a turn at once",
    [
      [5, "keystroke", "working"],
      [20, "foreground", "idle"],
    ],
    21,
    "idle",
    "foreground",
  ],
  [
    "an answered question is over",
    [
      [1, "hook", "waitingPermission"],
      [5, "keystroke", "working"],
    ],
    6,
    "working",
    "keystroke",
  ],
  [
    "unless it is still there",
    [
      [1, "hook", "waitingPermission"],
      [5, "keystroke", "working"],
      [9, "screen", "waitingPermission"],
    ],
    10,
    "waitingPermission",
    "screen",
  ],
  [
    "a key that nothing answered is forgotten",
    [
      [1, "screen", "idle"],
      [5, "keystroke", "working"],
    ],
    5 + keystrokeMs,
    "idle",
    "screen",
  ],
  [
    "a hook confirms a key",
    [
      [5, "keystroke", "working"],
      [9, "hook", "working"],
      [10, "screen", "idle"],
    ],
    900,
    "working",
    "hook",
  ],
  [
    "a hook from before a key was pressed is late",
    [
      [5, "keystroke", "working"],
      [8, "screen", "idle"],
      [4, "hook", "working"],
    ],
    900,
    "idle",
    "screen",
  ],
  [
    "a missed Stop is found by the resting screen",
    [
      [5, "hook", "working"],
      [10, "screen", "idle"],
    ],
    10 + restMs,
    "idle",
    "screen",
  ],
  [
    "a dialog beats a title that says nothing goes on",
    [
      [1, "screen", "waitingInput"],
      [2, "title", "idle"],
    ],
    3,
    "waitingInput",
    "screen",
  ],
  [
    "a title beats a quiet screen",
    [
      [1, "screen", "idle"],
      [2, "title", "working"],
    ],
    3,
    "working",
    "title",
  ],
  [
    "a title that goes to rest is held back for what the screen shows next",
    [
      [1, "screen", "working"],
      [2, "title", "idle"],
    ],
    3,
    "working",
    "screen",
  ],
  [
    "and believed when that is nothing",
    [
      [1, "screen", "working"],
      [2, "title", "idle"],
    ],
    2 + holdMs,
    "idle",
    "title",
  ],
  [
    "a title that says nothing any more is forgotten",
    [
      [1, "screen", "idle"],
      [2, "title", "working"],
      [3, "title", "unknown"],
    ],
    4,
    "idle",
    "screen",
  ],
  [
    "a dialog beats a hook that said the turn is over",
    [
      [1, "hook", "idle"],
      [2, "screen", "waitingInput"],
    ],
    3,
    "waitingInput",
    "screen",
  ],
  [
    "an announcement beats the title",
    [
      [1, "title", "idle"],
      [2, "osc", "working"],
    ],
    3,
    "working",
    "osc",
  ],
  [
    "the exit beats all",
    [
      [1, "hook", "working"],
      [2, "exit", "exited"],
      [3, "hook", "idle"],
    ],
    4,
    "exited",
    "exit",
  ],
])("%s", (_name, steps, nowMs, state, source) => {
  expect(judge(after(steps), nowMs)).toMatchObject({ state, source });
});

const states: AgentState[] = ["working", "waitingPermission", "waitingInput", "idle", "unknown"];
const anySignal = fc.record({
  source: fc.constantFrom<SignalSource>("hook", "keystroke", "stream", "osc", "title", "foreground", "screen", "exit"),
  state: fc.constantFrom(...states),
  gapMs: fc.integer({ min: 0, max: 4000 }),
});
type AnySignal = typeof anySignal extends fc.Arbitrary<infer T> ? T : never;

function replay(steps: readonly AnySignal[]): { facts: AgentFacts; nowMs: number; signals: AgentSignal[] } {
  let nowMs = 0;
  const signals = steps.map(({ source, state, gapMs }): AgentSignal => {
    nowMs += gapMs + 1;
    return { source, state: source === "exit" ? "exited" : state, detail: "", timeMs: nowMs };
  });
  return { facts: signals.reduce(note, startFacts(0)), nowMs, signals };
}

test("whatever comes in whatever order", () => {
  fc.assert(
    fc.property(fc.array(anySignal, { maxLength: 30 }), fc.integer({ min: 0, max: 30_000 }), (steps, laterMs) => {
      const { facts, nowMs, signals } = replay(steps);
      const now = judge(facts, nowMs);
      const later = judge(facts, nowMs + laterMs);
      // An exit is final, and nothing else is an exit.
      const exited = signals.some(({ source }) => source === "exit");
      expect(now.state === "exited").toBe(exited);
      const last = signals.at(-1);
      const wrong = [
        exited && (later.state !== now.state || later.source !== now.source) && "an exit did not last",
        now.source !== "start" && facts.signals[now.source]?.state !== now.state && "it says what its source did not say",
        later.state !== now.state && nowMs + laterMs < (now.recheckAtMs ?? Infinity) && "time changed it unannounced",
        (judge(facts, nowMs + 100_000).recheckAtMs ?? 0) > nowMs + 100_000 && "it never comes to rest",
        !exited && last?.source === "hook" && (now.source !== "hook" || now.state !== last.state) && "the latest hook did not count",
        !exited && last?.source === "keystroke" && now.source !== "keystroke" && "a key just pressed did not count",
      ];
      expect(wrong.filter((one) => one !== false)).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["\r", "idle", "submits"],
  ["text\r", "idle", "submits"],
  ["text", "idle", undefined],
  ["1", "waitingPermission", "submits"],
  ["y", "waitingPermission", "submits"],
  ["1", "waitingInput", undefined],
  ["\u001b[A", "waitingPermission", undefined],
  ["\u001b", "working", "stops"],
  ["\u0003", "waitingPermission", "stops"],
  ["\u001b", "idle", undefined],
  ["\r", "working", undefined],
] as const)("%j while it is %s", (keys, state, meaning) => {
  expect(meaningOf(Buffer.from(keys), state)).toBe(meaning);
});
