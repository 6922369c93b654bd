/** A process that has worked and rests holds little more than one that has only started. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { expect, test } from "vitest";

const program = `
  const { setTimeout: delay, setImmediate: turn } = await import("node:timers/promises");
  const { getHeapStatistics } = await import("node:v8");
  const { releaseMemoryWhenIdle } = await import(process.argv[1]);
  const heldMB = () => Math.round(getHeapStatistics().total_heap_size / 1e6);
  await turn();
  let kept = [];
  const work = () => (kept = Array.from({ length: 20_000 }, (_, index) => ({ index, of: kept.length })));
  for (let round = 0; round < 100; round += 1) work();
  const everyMs = 50;
  releaseMemoryWhenIdle(everyMs);
  for (const end = performance.now() + 10 * everyMs; performance.now() < end; await turn()) work();
  const busyMB = heldMB();
  kept = [];
  const hold = setInterval(() => {}, 1000);
  while (heldMB() > busyMB - 15) await delay(20);
  console.log(JSON.stringify({ busyMB, restedMB: heldMB(), gc: typeof gc }));
  clearInterval(hold);
`;

test("what a burst of work has needed is given back in a quiet stretch, and not before", async () => {
  const module = new URL("./idle-memory.ts", import.meta.url).href;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program, module], { timeout: 30_000 });
  const { busyMB, restedMB, gc } = JSON.parse(stdout) as { busyMB: number; restedMB: number; gc: string };
  // How much a burst takes depends on when the collector finds time; a process that rests holds some 10 MB.
  expect(busyMB).toBeGreaterThan(20);
  expect(restedMB).toBeLessThan(busyMB - 14);
  expect(gc).toBe("undefined");
});
