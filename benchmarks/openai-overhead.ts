/** A chat through Gantry's OpenAI API against the same chat straight to the same upstream, one at a time. */
import { Agent, request } from "node:http";

import { defineBenchmark, type Figures, percentile } from "./harness.ts";
import { endProcess, startChild, startDaemon } from "./relay/children.ts";

const callsPerRound = 400;
const agent = new Agent({ keepAlive: true });

const added = (what: string) => (figures: Figures) =>
  (figures[`gantry ${what}.p50Ms`] as number) - (figures[`direct ${what}.p50Ms`] as number);

export default defineBenchmark({
  name: "openai-overhead",
  summary: "POST /v1/chat/completions through Gantry to an OpenAI-compatible upstream and straight to it, one at a time (milliseconds)",
  async prepare() {
    const { child, line: port } = await startChild("../openai/upstream.ts");
    const upstream = `http://127.0.0.1:${port}`;
    const daemon = await startDaemon({}, `[provider.up]\ntype = "openai"\nurl = "${upstream}/v1"\n`);
    const targets = { direct: { url: upstream, key: "none" }, gantry: daemon };
    for (;;) {
      const { status } = await fetch(`${daemon.url}/v1/models/bench`, { headers: { authorization: `Bearer ${daemon.key}` } });
      if (status === 200) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const contenders: Record<string, () => Promise<Record<string, number>>> = {};
    for (const [name, { url, key }] of Object.entries(targets)) {
      contenders[`${name} whole`] = () => latencies(url, key, false);
      contenders[`${name} stream`] = () => latencies(url, key, true);
    }
    return {
      contenders,
      async close() {
        agent.destroy();
        await daemon.stop();
        await endProcess(child);
      },
    };
  },
  targets: [
    { what: "time added to a whole answer, p50", value: added("whole"), atMost: 1, unit: "ms" },
    { what: "time added to a streamed answer, p50 to its end", value: added("stream"), atMost: 1, unit: "ms" },
  ],
});

async function latencies(url: string, key: string, stream: boolean): Promise<Record<string, number>> {
  const taken: number[] = [];
  for (let index = 0; index < callsPerRound; index += 1) {
    const startedAt = performance.now();
    await chat(url, key, stream);
    taken.push(performance.now() - startedAt);
  }
  return { p50Ms: percentile(taken, 0.5), p99Ms: percentile(taken, 0.99) };
}

function chat(url: string, key: string, stream: boolean): Promise<void> {
  const body = JSON.stringify({ model: "bench", stream, messages: [{ role: "user", content: "Write a sentence with every letter." }] });
  return new Promise((resolve, reject) => {
    const asked = request(
      `${url}/v1/chat/completions`,
      {
        method: "POST",
        agent,
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "content-length": Buffer.byteLength(body) },
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => (text += part));
        response.on("end", () => {
          const isWhole = response.statusCode === 200 && (stream ? text.endsWith("data: [DONE]\n\n") : text.includes("lazy dog"));
          if (isWhole) resolve();
          else reject(new Error(`${url} answered ${response.statusCode}: ${text.slice(-300)}`));
        });
      },
    );
    asked.on("error", reject);
    asked.end(body);
  });
}
