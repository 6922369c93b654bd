/** From `kill -9` of a provider in the middle of a streamed call to the caller's error. */
import { defineBenchmark, percentile } from "./harness.ts";
import { connectSocket, endProcess, startDaemon, startProvider } from "./relay/children.ts";

const kills = 5;

export default defineBenchmark({
  name: "provider-kill",
  summary: `kill -9 of a provider in mid-stream until its caller has the error, ${kills} kills a round, milliseconds`,
  rounds: 5,
  async prepare() {
    const daemon = await startDaemon();
    const socket = await connectSocket(`${daemon.url}/cluster`, daemon.key);
    let call = 0;

    const killOnce = async (): Promise<number> => {
      const provider = await startProvider(daemon, `bench-${(call += 1)}`);
      const id = `kill-${call}`;
      const settled = new Promise<{ at: number; code: string }>((resolve) => {
        const onFail = (message: { id: string; error: { code: string } }) => {
          if (message.id !== id) return;
          socket.off("fail", onFail);
          resolve({ at: performance.now(), code: message.error.code });
        };
        socket.on("fail", onFail);
      });
      const flowing = new Promise<void>((resolve) => {
        const onChunk = (message: { id: string; seq: number }) => {
          socket.emit("credit", { id: message.id, n: 1 });
          if (message.id === id && message.seq > 3) {
            socket.off("chunk", onChunk);
            resolve();
          }
        };
        socket.on("chunk", onChunk);
      });
      socket.emit("invoke", { id, provider: "bench", method: "drip", params: {}, stream: true });
      await flowing;
      const killedAt = performance.now();
      await endProcess(provider, "SIGKILL");
      const { at, code } = await settled;
      if (code !== "aborted") throw new Error(`the call ended with ${code}`);
      return Math.max(0, at - killedAt);
    };

    return {
      contenders: {
        "kill to error": async () => {
          const taken: number[] = [];
          for (let index = 0; index < kills; index += 1) taken.push(await killOnce());
          return { p50Ms: percentile(taken, 0.5), maxMs: Math.max(...taken) };
        },
      },
      async close() {
        socket.disconnect();
        await daemon.stop();
      },
    };
  },
  targets: [
    { what: "provider killed to caller's error", value: (figures) => figures["kill to error.maxMs"] as number, atMost: 50, unit: "ms" },
  ],
});
