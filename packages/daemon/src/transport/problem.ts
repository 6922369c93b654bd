/** Turns whatever was thrown into the problem document that leaves the process. */
import { type AnyOperation, type ErrorCode, GantryError, type Problem } from "@gantry/contract";

import type { Logger } from "../core/logger.ts";

/** Any operation may answer with these; what else it may answer is declared with it. */
const universal: ReadonlySet<ErrorCode> = new Set([
  "invalidArgument",
  "unauthenticated",
  "permissionDenied",
  "internal",
  "unavailable",
  "resourceExhausted",
]);

/** Undeclared codes and foreign errors become `internal`: the cause is logged and its message stays in the log, because it may hold paths or secrets. */
export function toProblem(error: unknown, requestId: string, logger: Logger, operation?: AnyOperation): Problem {
  if (
    error instanceof GantryError &&
    (operation === undefined || universal.has(error.code) || operation.errors?.includes(error.code) === true)
  ) {
    return error.toProblem(requestId);
  }
  logger.error({ err: error, requestId, operation: operation?.name }, "unexpected failure");
  return new GantryError(
    "internal",
    `Gantry failed to do this, and whether part of it was done is not known. Look up request ${requestId} in the log: gantry logs`,
  ).toProblem(requestId);
}

export const bodyLimitBytes = 16 * 1024 * 1024;

/** Fastify's own errors (bad JSON, too large a body) in our words. */
export function fromFastify(error: unknown): unknown {
  const { code, message, statusCode } = error as { code?: string; message: string; statusCode?: number };
  if (error instanceof GantryError || statusCode === undefined || statusCode >= 500) return error;
  if (statusCode === 413)
    return new GantryError("payloadTooLarge", `The body is over the limit of ${bodyLimitBytes} bytes. Nothing was changed.`);
  if (statusCode === 415) return new GantryError("unsupportedMediaType", "Send the body as application/json. Nothing was changed.");
  return new GantryError("invalidArgument", `The request could not be read: ${message}. Nothing was changed.`, { details: { code } });
}
