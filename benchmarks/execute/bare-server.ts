/** What a hand-written service would be at least: Fastify, a zod check of the body, and an answer of the same shape. Prints its port. */
import { ExecuteInput, ExecutionResult } from "@gantry/contract";
import { fastify } from "fastify";

const app = fastify();
app.post("/execute", (request) => {
  const { command } = ExecuteInput.parse(request.body);
  return ExecutionResult.parse({
    executionId: "exe_01JD0000000000000000000000",
    state: "succeeded",
    success: true,
    error: null,
    exitCode: 0,
    signal: null,
    durationMs: 0,
    queuedMs: 0,
    cached: false,
    cacheAgeMs: null,
    attempt: 1,
    result: command,
    output: "",
    outputBytes: 0,
    outputTruncated: false,
  });
});
process.stdout.write(`${new URL(await app.listen({ host: "127.0.0.1", port: 0 })).port}\n`);
