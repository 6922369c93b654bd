/** When a held stream commits, and that it tells drains and departures. */
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { holdMs, holdStream } from "./held-stream.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function open() {
  const written: string[] = [];
  const heard: string[] = [];
  let isFull = false;
  const response = Object.assign(new EventEmitter(), {
    writeHead: (status: number) => void written.push(`status ${status}`),
    write: (text: string) => {
      written.push(text);
      return !isFull;
    },
    end: (text: string) => void written.push(`${text}end`),
  });
  const stream = holdStream(response as unknown as ServerResponse, {
    headers: () => ({}),
    onDrain: () => void heard.push("drain"),
    onGone: () => void heard.push("gone"),
  });
  return { stream, written, heard, response, fill: () => (isFull = true) };
}

test("the status waits for the first frame", () => {
  const { stream, written } = open();
  vi.advanceTimersByTime(holdMs - 1);
  expect([written, stream.isCommitted]).toEqual([[], false]);
  stream.send("data: 1\n\n");
  stream.end("data: [DONE]\n\n");
  vi.advanceTimersByTime(holdMs * 3);
  expect(written).toEqual(["status 200", "data: 1\n\n", "data: [DONE]\n\nend"]);
});

test("after five quiet seconds it commits and comments, and again when it falls silent later", () => {
  const { stream, written } = open();
  vi.advanceTimersByTime(holdMs);
  expect(written).toEqual(["status 200", ": still working\n\n"]);
  stream.send("data: 1\n\n");
  vi.advanceTimersByTime(holdMs);
  expect(written).toHaveLength(3);
  vi.advanceTimersByTime(holdMs);
  expect(written.at(-1)).toBe(": still working\n\n");
});

test("an empty frame commits to nothing, a released stream stays silent, and a full socket says so", () => {
  const { stream, written, fill, response, heard } = open();
  stream.send("");
  expect(written).toEqual([]);
  fill();
  expect(stream.send("x")).toBe(false);
  response.emit("drain");
  response.emit("close");
  expect(heard).toEqual(["drain", "gone"]);
  const other = open();
  other.stream.release();
  vi.advanceTimersByTime(holdMs * 2);
  other.response.emit("close");
  expect([other.written, other.heard]).toEqual([[], []]);
});
