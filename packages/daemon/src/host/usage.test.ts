import { spawn } from "node:child_process";
import { once } from "node:events";

import { expect, test, vi } from "vitest";

import { startTimeOf } from "./process-tree.ts";
import { createUsageMeter } from "./usage.ts";

test("a tree is measured whole: the leader, its children, and what left both but carries the mark", async () => {
  const id = "ses_01ARZ3NDEKTSV4RRFFQ69G5FAV";
  const script = `setsid sleep 60 & echo $!; sleep 60 & node -e 'setTimeout(() => {}, 60000); for (let used = 0; used < 400000;) { const { user, system } = process.cpuUsage(); used = user + system; }console.log("burnt")' & wait`;
  const child = spawn("bash", ["-c", script], {
    detached: true,
    env: { ...process.env, GANTRY_SESSION_ID: id },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let printed = "";
  child.stdout.on("data", (bytes: Buffer) => (printed += bytes.toString()));
  const pid = child.pid as number;
  let nowMs = 0;
  const meter = createUsageMeter(() => nowMs);
  const measure = () => meter.measure([{ id, mark: { pid, startTime: startTimeOf(pid) as string } }]).get(id);
  try {
    await vi.waitFor(
      () => {
        nowMs += 2000;
        expect(measure()?.processes).toBe(4);
        expect(printed).toContain("burnt");
      },
      { timeout: 10_000 },
    );
    nowMs += 2000;
    const usage = measure();
    expect(usage).toMatchObject({ processes: 4 });
    expect(usage?.cpuMs).toBeGreaterThanOrEqual(300);
    expect(usage?.memoryBytes).toBeGreaterThan(20 * 1024 * 1024);
    expect(usage?.memoryBytes).toBeLessThan(500 * 1024 * 1024);
    expect(usage?.threads).toBeGreaterThan(6);
    nowMs += 2000;
    expect(measure()?.cpuPercent).toBeLessThan(20);
  } finally {
    const alone = Number(printed.split("\n")[0]);
    if (alone > 1) process.kill(alone, "SIGKILL");
    process.kill(-pid, "SIGKILL");
    await once(child, "exit");
  }
});
