/** Turns what providers answer, and what befalls their calls, into errors that tell the caller what happened and what to do. */
import { GantryError, isProviderCode, providerCodes, type ProviderCode } from "@gantry/contract";

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
  if (typeof given["retryAfterMs"] === "number" && given["retryAfterMs"] >= 0) details["retryAfterMs"] = given["retryAfterMs"];
  if (typeof given["details"] === "object" && given["details"] !== null) details["provider"] = given["details"];
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
