/** A provider in TypeScript: add, divide, and the streaming count. Start it beside a running instance: node examples/calculator-ts/provider.ts */
import { createProvider, defineMethod, ProviderError } from "@gantry/client/provider";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const pair = z.object({ a: z.number(), b: z.number() });

const calculator = createProvider({
  name: "calculator",
  kind: "tool",
  version: "1.0.0",
  description: "Adds, divides, and counts",
  capabilities: ["arithmetic"],
  methods: {
    add: defineMethod({ input: pair, idempotent: true, run: ({ a, b }) => a + b }),
    divide: defineMethod({
      input: pair,
      idempotent: true,
      run({ a, b }) {
        if (b === 0) throw new ProviderError("INVALID_ARGUMENT", "division by zero: b must not be 0");
        return a / b;
      },
    }),
    count: defineMethod({
      description: "Sends 1, 2, 3, … up to `to`",
      input: z.object({ to: z.int().min(0), delayMs: z.int().min(0).default(0) }),
      async *stream({ to, delayMs }, { signal }) {
        for (let number = 1; number <= to; number += 1) {
          yield number;
          // Ends at once when the caller goes away.
          if (delayMs > 0) await sleep(delayMs, undefined, { signal });
        }
        return to;
      },
    }),
  },
});

// Finds the instance of this machine, or GANTRY_URL and GANTRY_KEY; leaves in order on SIGTERM and Ctrl-C.
await calculator.connect();
