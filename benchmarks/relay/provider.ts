/** The provider that the relay benchmarks call: echoes, and counts as fast as it is let. Run with GANTRY_URL and GANTRY_KEY. */
import { createProvider, defineMethod } from "@gantry/client/provider";
import { z } from "zod";

const provider = createProvider({
  name: "bench",
  capacity: { concurrency: 1000 },
  methods: {
    echo: defineMethod({ input: z.object({ text: z.string() }), run: ({ text }) => ({ text }) }),
    tokens: defineMethod({
      input: z.object({ count: z.int() }),
      async *stream({ count }) {
        for (let index = 0; index < count; index += 1) yield "token ";
        return count;
      },
    }),
    /** The same without gathering: every token is its own event, as a simple provider sends them. */
    single: defineMethod({
      input: z.object({ count: z.int() }),
      async *stream({ count }) {
        for (let index = 0; index < count; index += 1) {
          yield "token ";
          await new Promise((resolve) => setImmediate(resolve));
        }
        return count;
      },
    }),
    drip: defineMethod({
      async *stream(_params, { signal }) {
        for (let index = 0; !signal.aborted; index += 1) {
          yield index;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      },
    }),
  },
});

await provider.connect({ instance: process.argv[2] ?? "bench-1", onState: () => undefined });
process.stdout.write("ready\n");
