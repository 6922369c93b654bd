/** Tokens from a provider's generator through the daemon to a caller that reads as fast as it can: batched, and one event for each token. */
import type { Socket } from "socket.io-client";

import { defineBenchmark, timeMs } from "./harness.ts";
import { connectSocket, endProcess, startDaemon, startProvider } from "./relay/children.ts";

const streams = 16;
const tokens = 10_000;
/** So many may be on their way to the caller; returned by halves. */
const credit = 256;

export default defineBenchmark({
  name: "relay-tokens",
  summary: `${streams} streams of ${tokens} tokens at once through the daemon, tokens per second`,
  async prepare() {
    const daemon = await startDaemon();
    const provider = await startProvider(daemon, "bench-1");
    const socket = await connectSocket(`${daemon.url}/cluster`, daemon.key);
    let call = 0;
    const all = async (method: string) => {
      const ms = await timeMs(() => Promise.all(Array.from({ length: streams }, () => read(socket, `s${(call += 1)}`, method))));
      return (streams * tokens * 1000) / ms;
    };
    return {
      contenders: { batched: () => all("tokens"), "one event each": () => all("single") },
      async close() {
        socket.disconnect();
        await endProcess(provider);
        await daemon.stop();
      },
    };
  },
  targets: [
    { what: "relayed tokens", value: (figures) => figures["batched"] as number, atLeast: 400_000, unit: "/s" },
    {
      what: "relayed tokens, times one event for each",
      value: (figures) => (figures["batched"] as number) / (figures["one event each"] as number),
      atLeast: 4,
      unit: "×",
    },
  ],
});

interface Message {
  id: string;
  batch: unknown[];
  error?: unknown;
}

function read(socket: Socket, id: string, method: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = 0;
    let owed = 0;
    const onChunk = (message: Message) => {
      if (message.id !== id) return;
      received += message.batch.length;
      owed += message.batch.length;
      if (owed < credit / 2) return;
      socket.emit("credit", { id, n: owed });
      owed = 0;
    };
    const finish = (message: Message) => {
      if (message.id !== id) return;
      socket.off("chunk", onChunk).off("result", finish).off("fail", finish);
      if (received === tokens) resolve();
      else reject(new Error(`${received} of ${tokens} tokens came: ${JSON.stringify(message.error)}`));
    };
    socket.on("chunk", onChunk).on("result", finish).on("fail", finish);
    socket.emit("invoke", { id, provider: "bench", method, params: { count: tokens }, stream: true, credit });
  });
}
