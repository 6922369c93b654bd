/** A call while a thousand providers are registered against the same call while ten are, one at a time. */
import { setTimeout as sleep } from "node:timers/promises";

import type { Socket } from "socket.io-client";

import { defineBenchmark, percentile } from "./harness.ts";
import { connectSocket, endProcess, startChild, startDaemon, startProvider } from "./relay/children.ts";

const callsPerRound = 1_500;

export default defineBenchmark({
  name: "thousand-providers",
  summary:
    "echo by provider name and by model in a daemon with 10 and in one with 1,000 registered providers, one at a time (milliseconds)",
  async prepare() {
    const contenders: Record<string, () => Promise<Record<string, number>>> = {};
    const closers: (() => Promise<void>)[] = [];
    for (const count of [10, 1_000]) {
      const daemon = await startDaemon();
      const provider = await startProvider(daemon, "bench-1");
      const crowd = await startChild("crowd.ts", { GANTRY_URL: daemon.url, GANTRY_KEY: daemon.key }, [String(count - 1)]);
      const socket = await connectSocket(`${daemon.url}/cluster`, daemon.key);
      contenders[`${count} by name`] = () => latencies(socket, { provider: "bench", method: "echo", params: { text: "x".repeat(200) } });
      contenders[`${count} by model`] = () => latencies(socket, { model: "crowd-0", method: "echo", params: {} });
      closers.push(async () => {
        socket.disconnect();
        await Promise.all([endProcess(provider), endProcess(crowd.child)]);
        await daemon.stop();
      });
    }
    // The registrations' garbage is not what is measured.
    await sleep(2_000);
    return { contenders, close: async () => void (await Promise.all(closers.map((close) => close()))) };
  },
  targets: ["name", "model"].map((by) => ({
    what: `call by ${by}, p50 with 1,000 providers, times with 10`,
    value: (figures) => (figures[`1000 by ${by}.p50Ms`] as number) / (figures[`10 by ${by}.p50Ms`] as number),
    atMost: 1.2,
    unit: "×",
  })),
});

async function latencies(socket: Socket, request: object): Promise<Record<string, number>> {
  const taken: number[] = [];
  for (let index = 0; index < callsPerRound; index += 1) {
    const startedAt = performance.now();
    const answer = (await socket.emitWithAck("invoke", request)) as { ok: boolean };
    taken.push(performance.now() - startedAt);
    if (!answer.ok) throw new Error(JSON.stringify(answer));
  }
  return { p50Ms: percentile(taken, 0.5), p99Ms: percentile(taken, 0.99) };
}
