import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import { afterAll, expect, test } from "vitest";

import { followOutputLog, openOutputLog, type OutputRecord, type OutputStream, readOutputLog } from "./output-log.ts";

const folder = mkdtempSync(join(tmpdir(), "gantry-log-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
const newPath = (): string => join(folder, `${(count += 1)}.log`);

async function readAll(path: string, since = 0): Promise<OutputRecord[]> {
  const records: OutputRecord[] = [];
  for await (const record of readOutputLog(path, { since })) records.push(record);
  return records;
}

const writes = fc.array(fc.record({ stream: fc.constantFrom<OutputStream>(1, 2), data: fc.uint8Array({ minLength: 1, maxLength: 60 }) }), {
  maxLength: 15,
});

test("what was appended is read back from any offset, in order, with its stream", async () => {
  await fc.assert(
    fc.asyncProperty(writes, fc.nat(400), async (list, since) => {
      const path = newPath();
      const log = await openOutputLog(path);
      for (const { stream, data } of list) log.append(stream, data);
      await log.close();
      const expected = list.flatMap(({ stream, data }) => [...data].map((byte) => [stream, byte]));
      const seen = (await readAll(path, since)).flatMap(({ stream, data }) => [...data].map((byte) => [stream, byte]));
      expect(seen).toEqual(expected.slice(since));
    }),
    { numRuns: 60 },
  );
});

test("a file cut anywhere yields a prefix, and appending goes on after it", async () => {
  await fc.assert(
    fc.asyncProperty(writes, fc.nat(2000), async (list, cut) => {
      const path = newPath();
      const log = await openOutputLog(path);
      for (const { stream, data } of list) log.append(stream, data);
      await log.close();
      truncateSync(path, Math.min(cut, statSync(path).size));
      const kept = await readAll(path);
      const again = await openOutputLog(path);
      const offset = again.append(2, Buffer.from("more"));
      await again.close();
      expect(offset).toBe(kept.reduce((sum, { data }) => sum + data.length, 0));
      const last = (await readAll(path)).at(-1);
      expect([last?.offset, last?.data.toString()]).toEqual([offset, "more"]);
    }),
    { numRuns: 60 },
  );
});

test("zeroes left by a power cut are not records", async () => {
  const path = newPath();
  const log = await openOutputLog(path);
  log.append(1, Buffer.from("a"));
  await log.close();
  appendFileSync(path, Buffer.alloc(100));
  expect((await readAll(path)).map(({ data }) => data.toString())).toEqual(["a"]);
});

test("over the limit the head and the tail are kept, with a marker between", async () => {
  const path = newPath();
  const log = await openOutputLog(path, { limitBytes: 10, tailBytes: 4 });
  for (let index = 0; index < 10; index += 1) log.append(1, Buffer.from(`${index}${index}${index}`));
  await log.close();
  expect(log.endOffset).toBe(30);
  const records = await readAll(path);
  expect(records.map(({ stream, offset, data }) => [stream, offset, data.toString()])).toEqual([
    [1, 0, "000"],
    [1, 3, "111"],
    [1, 6, "222"],
    [3, 9, ""],
    [1, 26, "8"],
    [1, 27, "999"],
  ]);
});

test("a follower sees what is there, what comes later, and the end", async () => {
  const path = newPath();
  let closed = false;
  const follower = followOutputLog(path, { since: 2, isClosed: () => closed });
  const log = await openOutputLog(path);
  log.append(1, Buffer.from("abc"));
  await log.flush();
  expect((await follower.next()).value).toMatchObject({ offset: 2, data: Buffer.from("c") });
  log.append(2, Buffer.from("de"));
  expect((await follower.next()).value).toMatchObject({ offset: 3, stream: 2, data: Buffer.from("de") });
  await log.close();
  closed = true;
  expect((await follower.next()).done).toBe(true);
});
