/** Turns what providers answer, and what befalls their calls, into errors that tell the caller what happened and what to do. */
import { GantryError, isProviderCode, providerCodes, providerPayloadLimitBytes, type ProviderCode } from "@gantry/contract";
import { exceedsBytes, maxJsonDepth } from "@gantry/contract/json-weight";

/** What a provider tells beside its message goes into an error, which must stay one that can be shown. */
const maxDetailBytes = 64 * 1024;

/** Text from a provider reaches terminals and logs: no control characters, and not without end. */
const maxMessageCharacters = 2_000;

export function cleanText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what this removes
  return text.slice(0, maxMessageCharacters).replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "?");
}

/** `error` of a `fail` message, whatever it holds; an unknown code is the provider's own fault and so INTERNAL. */
export function errorFromFailure(error: unknown, where: string): GantryError {
  const given = (typeof error === "object" && error !== null ? error : {}) as Record<string, unknown>;
  const code: ProviderCode = isProviderCode(given["code"]) ? given["code"] : "INTERNAL";
  const message = typeof given["message"] === "string" && given["message"] !== "" ? cleanText(given["message"]) : "no message was given";
  const details: Record<string, unknown> = { providerCode: code, from: where };
  const more = (typeof given["details"] === "object" && given["details"] !== null ? given["details"] : {}) as Record<string, unknown>;
  const retryAfterMs = given["retryAfterMs"] ?? more["retryAfterMs"];
  if (typeof retryAfterMs === "number" && retryAfterMs >= 0) details["retryAfterMs"] = retryAfterMs;
  if (given["details"] === more && !exceedsBytes(more, maxDetailBytes)) details["provider"] = more;
  return new GantryError(providerCodes[code], `${where}: ${message}`, {
    details,
    ...(typeof given["retryable"] === "boolean" ? { retryable: given["retryable"] } : {}),
  });
}

/** The connection went away while the call was out. */
export function lostError(where: string, reason: string, sawChunks: number, idempotent: boolean): GantryError {
  const kept = sawChunks > 0 ? `The ${sawChunks} chunks before it are good, but more may be missing.` : "It may have executed.";
  const next = idempotent
    ? "No other instance could take it; it is safe to try again."
    : "It was not sent again because the method is not marked idempotent.";
  return new GantryError("aborted", `ABORTED: ${where} was lost during the call (${reason}). ${kept} ${next}`, {
    details: { providerCode: "ABORTED", mayHaveExecuted: true, chunks: sawChunks },
    retryable: idempotent,
  });
}

/** The provider broke the protocol in a way that makes this call's answer untrustworthy. */
export function brokenError(where: string, what: string): GantryError {
  return new GantryError("internal", `${where} broke the provider protocol: ${what}. The call was ended and the provider told to stop.`, {
    details: { providerCode: "INTERNAL", mayHaveExecuted: true },
  });
}

export function spentError(where: string, budgetMs: number, chunks: number): GantryError {
  return new GantryError(
    "deadlineExceeded",
    `${where} did not answer within ${budgetMs} ms. It was told to stop, but may have executed. Give a larger timeoutMs if it needs longer.`,
    { details: { providerCode: "DEADLINE_EXCEEDED", mayHaveExecuted: true, chunks } },
  );
}

export function cancelledError(where: string, reason: string): GantryError {
  return new GantryError("cancelled", `The call of ${where} was cancelled: ${reason}. The provider was told to stop.`);
}

export function stoppingError(where: string): GantryError {
  return new GantryError("unavailable", `The daemon is stopping; ${where} was told to stop but may have executed.`);
}

/** `retryAfterMs`: when a slot is likely to be free, by how long calls have taken and how many wait. */
export function busyError(what: string, why: string, waiting: number, retryAfterMs: number): GantryError {
  const shown = retryAfterMs < 1000 ? `${retryAfterMs} ms` : `${Math.ceil(retryAfterMs / 1000)} s`;
  return new GantryError(
    "resourceExhausted",
    `Every instance for ${what} is busy: ${why}. Nothing was sent; try again in about ${shown}.`,
    {
      details: { providerCode: "RESOURCE_EXHAUSTED", retryAfterMs, waiting },
    },
  );
}

/** The caller broke the rules of its own input stream. */
export function wrongInputError(where: string, what: string): GantryError {
  return new GantryError(
    "invalidArgument",
    `The input stream of ${where} was wrong: ${what}. The call was ended and the provider told to stop.`,
    {
      details: { providerCode: "INVALID_ARGUMENT", mayHaveExecuted: true },
    },
  );
}

export function overCreditError(where: string, credit: number, chunks: number): GantryError {
  return new GantryError(
    "resourceExhausted",
    `${where} sent more chunks than its credit allows: a provider must wait for credit events. The call was ended.`,
    { details: { providerCode: "RESOURCE_EXHAUSTED", credit, chunks }, retryable: false },
  );
}

export function tooLargeParams(where: string): GantryError {
  return new GantryError(
    "payloadTooLarge",
    `The params of ${where} are larger than the limit of ${providerPayloadLimitBytes} bytes for one message, or nest deeper than ${maxJsonDepth} levels. Nothing was sent; pass a reference instead.`,
    { details: { limitBytes: providerPayloadLimitBytes } },
  );
}

export function tooLargeAnswer(where: string): GantryError {
  return new GantryError(
    "payloadTooLarge",
    `${where} answered with more than the limit of ${providerPayloadLimitBytes} bytes for one message, or one nested deeper than ${maxJsonDepth} levels. The call has executed; its answer was dropped.`,
    { details: { limitBytes: providerPayloadLimitBytes, mayHaveExecuted: true } },
  );
}
