import fc from "fast-check";
import { expect, test } from "vitest";

import { claudeStream, codexStream, geminiStream, type StreamStates } from "../sessions/profiles/stream-states.ts";
import { watchLines } from "./line-watch.ts";

/** The states that are told of what is printed, whichever way it is cut. */
function statesOf(states: StreamStates, text: string, cuts: readonly number[] = []): string[] {
  const told: string[] = [];
  const watch = watchLines(states, ({ source, state, detail }) => told.push(`${source} ${state} ${detail}`));
  const bytes = Buffer.from(text);
  let from = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    const to = Math.max(from, Math.min(cut, bytes.length));
    watch.push(bytes.subarray(from, to));
    from = to;
  }
  watch.push(bytes.subarray(from));
  return told;
}

const lines = (...objects: object[]): string => objects.map((object) => `${JSON.stringify(object)}\n`).join("");
const claudeTurn = lines(
  { type: "system", subtype: "init" },
  { type: "assistant", message: { content: [{ type: "text", text: "ü".repeat(3000) }] } },
  { type: "user", message: {} },
  { type: "result", subtype: "success" },
);

test("each turn of claude: working from its first line, idle at its result; cut anywhere", () => {
  const wanted = ["stream working system.init", "stream idle result", "stream working system.init", "stream idle result"];
  expect(statesOf(claudeStream, claudeTurn + claudeTurn)).toEqual(wanted);
  fc.assert(
    fc.property(fc.array(fc.nat(claudeTurn.length * 2)), (cuts) => {
      expect(statesOf(claudeStream, claudeTurn + claudeTurn, cuts)).toEqual(wanted);
    }),
  );
});

test("codex goes on after an error and ends with its turn; gemini ends with its result", () => {
  const codex = [{ type: "thread.started" }, { type: "turn.started" }, { type: "error", message: "again" }, { type: "item.completed" }];
  expect(statesOf(codexStream, lines(...codex))).toEqual(["stream working turn.started"]);
  expect(statesOf(codexStream, lines(...codex, { type: "turn.failed" })).at(-1)).toBe("stream idle turn.failed");
  const gemini = lines({ type: "init" }, { type: "message", role: "user" }, { type: "result", status: "error" });
  expect(statesOf(geminiStream, gemini)).toEqual(["stream working init", "stream idle result"]);
});

test("lines that are no JSON are unknown once, and a greeting is forgotten", () => {
  expect(statesOf(claudeStream, "Hello\nthere\n")).toEqual(["stream unknown its lines are no JSON"]);
  expect(statesOf(claudeStream, `Hello\n${claudeTurn}trailing words\n`).slice(1)).toEqual([
    "stream working system.init",
    "stream idle result",
  ]);
  expect(statesOf(claudeStream, `${lines({ type: "constructor" }, { type: "unheard_of" }, { no: "type" })}{"type":"resu`)).toEqual([
    "stream unknown its lines are no JSON",
  ]);
});

test("a line without an end is not held for ever, and the lines after it count", () => {
  const told: string[] = [];
  const watch = watchLines(claudeStream, ({ state }) => told.push(state));
  const piece = Buffer.alloc(1024 * 1024, "x");
  for (let count = 0; count < 20; count += 1) watch.push(piece);
  watch.push(Buffer.from(`\n${claudeTurn}`));
  expect(told).toEqual(["working", "idle"]);
});
