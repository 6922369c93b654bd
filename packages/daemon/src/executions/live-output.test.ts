import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { openOutputLog } from "../core/output-log.ts";
import { LiveOutput } from "./live-output.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-live-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a reader at any offset gets every byte once, from the file and from memory", async () => {
  const logFile = join(folder, "log");
  const log = await openOutputLog(logFile);
  const output = new LiveOutput({ logFile, keepBytes: 10, flushed: () => log.flush() });
  const whole = Array.from({ length: 30 }, (_, index) => `<${index}>`).join("");
  for (let at = 0; at < whole.length; at += 7) {
    const data = Buffer.from(whole.slice(at, at + 7));
    output.push({ stream: 1, timeMs: 1, offset: log.append(1, data), data });
  }
  for (let since = 0; since <= whole.length; since += 5) {
    const seen: Buffer[] = [];
    for await (const { data } of output.take(since)) seen.push(data);
    expect(Buffer.concat(seen).toString()).toBe(whole.slice(since));
  }
  expect(output.tail()).toEqual({ text: whole.slice(-10), truncated: true });
  await log.close();
});

test("short output is kept whole and needs no file", async () => {
  const output = new LiveOutput({ logFile: join(folder, "none"), keepBytes: 10, flushed: async () => undefined });
  output.push({ stream: 2, timeMs: 1, offset: 0, data: Buffer.from("abc") });
  output.push({ stream: 2, timeMs: 1, offset: 0, data: Buffer.from("abc") });
  expect(output.tail()).toEqual({ text: "abc", truncated: false });
});
