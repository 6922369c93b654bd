/** Refusals name the field, what was given, and what is allowed. */
import { executionOperations, rolePermissions } from "@gantry/contract";
import { expect, test } from "vitest";

import { runOperation } from "./run-operation.ts";

const caller = { keyId: "local", role: "admin" as const, permissions: new Set(rolePermissions.admin) };

async function refusal(name: "execute" | "list", input: unknown): Promise<string> {
  const bound = { operation: executionOperations[name], handle: () => Promise.reject(new Error("it was let through")) };
  const call = runOperation(bound, input, { caller, signal: new AbortController().signal, requestId: "req", wantsStream: false });
  return call.then(String, (error: Error) => error.message);
}

test.each([
  ["execute", { command: "greet", priority: 101 }, "priority: Too big: expected number to be <=100 (given: 101)"],
  ["execute", { command: "greet", extra: 1 }, 'extra: Unrecognized key: "extra"'],
  ["execute", { command: "greet", cwd: "/tmp\0/other" }, String.raw`cwd: must not contain NUL characters (given: "/tmp\u0000/other")`],
  ["execute", { command: "greet", argv: ["a\0b"] }, String.raw`argv.0: must not contain NUL characters (given: "a\u0000b")`],
  ["execute", { command: "greet", env: { NAME: "a\0b" } }, String.raw`env.NAME: must not contain NUL characters (given: "a\u0000b")`],
  ["execute", { command: "greet", env: { "A=B": "hidden" } }, 'env.A=B: must be a variable name (given: "A=B")'],
  ["list", { state: "gone" }, 'state: Invalid option: expected one of … (given: "gone")'],
  ["list", { state: ["failed", "gone"] }, 'state.1: Invalid option: expected one of … (given: "gone")'],
] as const)("%s %j", async (name, input, told) => {
  const message = await refusal(name, input);
  expect(message.replace(/"scheduled"\|.*"expired"/, "…")).toBe(`${told}. Nothing was changed.`);
});
