/** Turns whatever was thrown into the plain value that crosses processes and is stored. */
import type { ExecutionError } from "@gantry/contract";

/** A chain of causes longer than this tells nobody anything, and a cyclic one would never end. */
const maxCauses = 5;

export function toExecutionError(thrown: unknown, depth = 0): ExecutionError {
  if (!(thrown instanceof Error)) return { name: "Error", message: typeof thrown === "string" ? thrown : describe(thrown) };
  const code = (thrown as { code?: unknown }).code;
  return {
    name: thrown.name,
    message: thrown.message,
    ...(typeof code === "string" ? { code } : {}),
    ...(thrown.stack === undefined ? {} : { stack: thrown.stack }),
    ...(thrown.cause === undefined || depth >= maxCauses ? {} : { cause: toExecutionError(thrown.cause, depth + 1) }),
  };
}

function describe(value: unknown): string {
  try {
    return `threw ${JSON.stringify(value) ?? String(value)}`;
  } catch {
    return "threw a value that cannot be shown";
  }
}
