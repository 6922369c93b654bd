/** A slow reader on a provider that sends as fast as it is let: what the daemon's memory does meanwhile. */
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { defineBenchmark } from "./harness.ts";
import { connectSocket, endProcess, startDaemon, startProvider } from "./relay/children.ts";

const readers = 20;
const tokens = 2_000_000;
const slowForMs = 3_000;

export default defineBenchmark({
  name: "slow-reader",
  summary: `${readers} streams over HTTP from a provider that would send ${tokens} tokens each, read by nobody for ${slowForMs / 1000} s: the daemon's memory (MB)`,
  rounds: 5,
  async prepare() {
    const daemon = await startDaemon();
    const provider = await startProvider(daemon, "bench-1");
    const socket = await connectSocket(`${daemon.url}/cluster`, daemon.key);
    const echo = () => socket.emitWithAck("invoke", { provider: "bench", method: "echo", params: { text: "x" } });
    return {
      contenders: {
        gantry: async () => {
          const before = residentMb(daemon.pid);
          const streams = await Promise.all(Array.from({ length: readers }, () => open(daemon.url, daemon.key)));
          let peak = 0;
          let slowest = 0;
          for (const end = performance.now() + slowForMs; performance.now() < end; await sleep(50)) {
            const startedAt = performance.now();
            await echo();
            slowest = Math.max(slowest, performance.now() - startedAt);
            peak = Math.max(peak, residentMb(daemon.pid));
          }
          for (const stream of streams) stream.destroy();
          return { grownMb: peak - before, otherCallMs: slowest };
        },
      },
      async close() {
        socket.disconnect();
        await endProcess(provider);
        await daemon.stop();
      },
    };
  },
  targets: [
    { what: "growth of the daemon's memory", value: (figures) => figures["gantry.grownMb"] as number, atMost: 40, unit: "MB" },
    {
      what: "slowest call of somebody else meanwhile",
      value: (figures) => figures["gantry.otherCallMs"] as number,
      atMost: 100,
      unit: "ms",
    },
  ],
});

/** Resolves when the answer has begun; nothing of it is read. */
function open(url: string, key: string): Promise<{ destroy(): void }> {
  const body = JSON.stringify({ method: "tokens", params: { count: tokens } });
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json", accept: "text/event-stream" };
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/providers/bench/invoke`, { method: "POST", headers, agent: false }, (response) => {
      response.pause();
      response.on("error", () => undefined);
      if (response.statusCode === 200) resolve({ destroy: () => asked.destroy() });
      else reject(new Error(`the daemon answered ${response.statusCode}`));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}
