/** Makes of an execution's stored error the error that the caller would have seen without a daemon. */
import type { ExecutionError, ExecutionResult } from "@gantry/contract";
import { type ErrorCode, GantryError } from "@gantry/contract/errors";

const builtIn = { TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError } as const;

/** With the name, message, stack, code, and cause of the original; of its own class where JavaScript itself has that class. */
export function reviveError({ name, message, code, stack, cause }: ExecutionError): Error {
  const Class = (builtIn as Record<string, ErrorConstructor>)[name] ?? Error;
  const error = new Class(message, cause === undefined ? undefined : { cause: reviveCause(cause) });
  if (error.name !== name) Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  if (stack !== undefined) Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true });
  return code === undefined ? error : Object.assign(error, { code });
}

function reviveCause(cause: unknown): unknown {
  const isError = typeof cause === "object" && cause !== null && "name" in cause && "message" in cause;
  return isError ? reviveError(cause as ExecutionError) : cause;
}

const codes: Partial<Record<ExecutionResult["state"], ErrorCode>> = {
  timedOut: "deadlineExceeded",
  expired: "deadlineExceeded",
  cancelled: "cancelled",
  interrupted: "aborted",
};

/** Why it failed, or undefined when it came to an end of its own, with whatever exit code. */
export function failureOf({ state, error, executionId, command }: ExecutionResult & { command: string }): Error | undefined {
  if (error === null) return undefined;
  const code = codes[state];
  if (code !== undefined) return new GantryError(code, `${command}: ${error.message} (${executionId})`, { details: { executionId } });
  return error.name === "NonZeroExit" ? undefined : reviveError(error);
}
