/** A language model that answers with what it was asked, token by token: for trying out models and streams without one. */
import { createProvider, defineMethod } from "@gantry/client/provider";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

/** The same parameters as OpenAI's chat completions; what this model does not know it ignores. */
const Chat = z.looseObject({
  model: z.string().default("echo-1"),
  messages: z.array(z.looseObject({ role: z.string(), content: z.string() })).min(1),
  delayMs: z.int().min(0).default(20),
});

const echo = createProvider({
  name: "echo-llm",
  kind: "llm",
  version: "1.0.0",
  description: "Echoes the last message",
  models: [{ id: "echo-1", description: "Repeats the prompt", contextTokens: 8192 }],
  capabilities: ["chat"],
  methods: {
    chat: defineMethod({
      input: Chat,
      async *stream({ messages, delayMs }, { signal, reportUsage }) {
        const prompt = messages.at(-1)?.content ?? "";
        const tokens = prompt.match(/\S+\s*|\s+/g) ?? [];
        reportUsage({ inputTokens: tokens.length, outputTokens: tokens.length });
        for (const [index, token] of tokens.entries()) {
          if (index > 0 && delayMs > 0) await sleep(delayMs, undefined, { signal });
          yield token;
        }
        return { finishReason: "stop" };
      },
    }),
  },
});

await echo.connect();
