import { type ErrorCode, GantryError } from "@gantry/contract/errors";
import { expect, test } from "vitest";

import { createPatientTransport, type PatienceOptions } from "./patient-transport.ts";
import type { CallOptions, Transport } from "./transport.ts";

function scripted(failures: GantryError[], options: PatienceOptions = {}, streamed: unknown[] = []) {
  const calls: { operation: string; options: CallOptions | undefined }[] = [];
  const inner: Transport = {
    call(operation, _input, given) {
      calls.push({ operation, options: given });
      const failure = failures.shift();
      return failure === undefined ? Promise.resolve("done") : Promise.reject(failure);
    },
    async *stream() {
      for (const event of streamed) {
        if (event instanceof Error) {
          streamed.shift();
          throw event;
        }
        yield event;
      }
    },
  };
  const transport = createPatientTransport(inner, {
    retry: { delayMs: 1 },
    ...options,
    isIdempotent: (operation) => operation === "instances.status",
  });
  return { transport, calls };
}
const failure = (code: ErrorCode, details?: Record<string, unknown>) =>
  new GantryError(code, code, details === undefined ? {} : { details });

test("what was certainly not done is done again, whatever it is", async () => {
  const { transport, calls } = scripted([failure("unavailable"), failure("resourceExhausted")]);
  expect(await transport.call("executions.execute", {})).toBe("done");
  expect(calls).toHaveLength(3);
});

test.each([failure("aborted"), failure("unavailable", { outcomeUnknown: true })])(
  "what may have been done is repeated only when that changes nothing: $code",
  async (lost) => {
    await expect(scripted([lost]).transport.call("executions.execute", {})).rejects.toBe(lost);
    expect(await scripted([lost]).transport.call("executions.execute", { idempotencyKey: "k" })).toBe("done");
    expect(await scripted([lost]).transport.call("instances.status", {})).toBe("done");
  },
);

test("answers are not asked for again, and tries are counted", async () => {
  const refused = failure("notFound");
  await expect(scripted([refused]).transport.call("instances.status", {})).rejects.toBe(refused);
  const { transport, calls } = scripted([1, 2, 3, 4].map(() => failure("unavailable")));
  await expect(transport.call("instances.status", {})).rejects.toMatchObject({ code: "unavailable" });
  expect(calls).toHaveLength(3);
  const once = scripted([failure("unavailable")], { retry: false });
  await expect(once.transport.call("instances.status", {})).rejects.toMatchObject({ code: "unavailable" });
  expect(once.calls).toHaveLength(1);
});

test("a limit is never shorter than the one inside the call, and an execution has only its own", async () => {
  const { transport, calls } = scripted([], { timeoutMs: 1000 });
  await transport.call("instances.status", {});
  await transport.call("providers.invoke", { timeoutMs: 60_000 });
  await transport.call("executions.execute", { timeoutMs: 60_000 });
  await transport.call("executions.execute", {}, { timeoutMs: 7 });
  expect(calls.map(({ options }) => options?.timeoutMs)).toEqual([1000, 65_000, undefined, 7]);
});

test("a stream is begun again only before it has told anything", async () => {
  const events = async (transport: Transport) => {
    const told: unknown[] = [];
    for await (const event of transport.stream("executions.execute", {})) told.push(event);
    return told;
  };
  expect(await events(scripted([], {}, [failure("unavailable"), "accepted", "result"]).transport)).toEqual(["accepted", "result"]);
  await expect(events(scripted([], {}, [failure("aborted"), "accepted"]).transport)).rejects.toMatchObject({ code: "aborted" });
  await expect(events(scripted([], {}, ["accepted", failure("unavailable")]).transport)).rejects.toMatchObject({ code: "unavailable" });
});
