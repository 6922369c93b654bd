/** The same relayed echo through Gantry and through Moleculer (caller, relay, provider as three processes each), in one run. */
import { type Benchmark, defineBenchmark, rate } from "../harness.ts";
import { connectSocket, endProcess, startChild, startDaemon, startProvider } from "./children.ts";
import { startNode, type Transport } from "./moleculer.ts";

const atOnce = 64;
const callsPerRound = 10_000;
const params = { text: "x".repeat(200) };

export interface Peer {
  name: string;
  type: Transport["type"];
  atLeast: number;
  /** Ports for the nodes, and how to end what was started for them. */
  prepare(): Promise<{ ports: number[]; stop(): Promise<void> }>;
  notRun?(): string | undefined;
}

export function compareWithMoleculer({ name, type, atLeast, prepare, notRun }: Peer): Benchmark {
  return defineBenchmark({
    name,
    summary: `echo of 200 B through Gantry and through a relay service of Moleculer over ${type}, ${atOnce} at once (calls per second)`,
    ...(notRun === undefined ? {} : { notRun }),
    async prepare() {
      const broker = await prepare();
      const ports = broker.ports.map(String);
      const daemon = await startDaemon();
      const provider = await startProvider(daemon, "bench-1");
      const socket = await connectSocket(`${daemon.url}/cluster`, daemon.key);
      const caller = await startNode(type, "caller", broker.ports);
      const nodes = await Promise.all(["provider", "relay"].map((role) => startChild("moleculer-node.ts", {}, [type, role, ...ports])));
      await caller.waitForServices("relay", 20_000);
      return {
        contenders: {
          gantry: () =>
            rate(callsPerRound, atOnce, async () => {
              const answer = (await socket.emitWithAck("invoke", { provider: "bench", method: "echo", params })) as { ok: boolean };
              if (!answer.ok) throw new Error(JSON.stringify(answer));
            }),
          moleculer: () =>
            rate(callsPerRound, atOnce, async () => {
              const { text } = await caller.call<{ text: string }, typeof params>("relay.echo", params);
              if (text !== params.text) throw new Error("another text came back");
            }),
        },
        async close() {
          socket.disconnect();
          await caller.stop();
          await Promise.all([provider, ...nodes.map(({ child }) => child)].map((child) => endProcess(child)));
          await daemon.stop();
          await broker.stop();
        },
      };
    },
    targets: [
      {
        what: `relayed call of 200 B, ${atOnce} at once, times Moleculer over ${type}`,
        value: (figures) => (figures["gantry"] as number) / (figures["moleculer"] as number),
        atLeast,
        unit: "×",
      },
    ],
  });
}
