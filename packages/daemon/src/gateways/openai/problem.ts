/** Errors in OpenAI's form: `{ error: { message, type, param, code } }` with the true status and what its clients need to know of a retry. */
import { GantryError } from "@gantry/contract";

export interface OpenAiError {
  message: string;
  type: string;
  param: string | null;
  code: string | null;
}

const types: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "invalid_request_error",
  413: "invalid_request_error",
  415: "invalid_request_error",
  429: "rate_limit_error",
};

const codes: Record<number, string> = { 401: "invalid_api_key", 429: "rate_limit_exceeded" };

/** An upstream's own words, when it spoke this form itself, are kept: programs switch on them. */
function upstreamOf(error: GantryError): { status: unknown; error: Partial<Record<keyof OpenAiError, unknown>> } {
  const provider = error.details?.["provider"] as { error?: unknown; status?: unknown } | undefined;
  return { status: provider?.status, error: typeof provider?.error === "object" && provider.error !== null ? provider.error : {} };
}

/** The upstream's own status where it gave one (409, 422): our codes are fewer. */
export function statusOf(error: GantryError): number {
  const { status } = upstreamOf(error);
  return Number.isSafeInteger(status) && (status as number) >= 400 && (status as number) < 600 ? (status as number) : error.status;
}

const textOr = <Other>(value: unknown, other: Other): string | Other => (typeof value === "string" ? value : other);

export function toOpenAiError(error: GantryError): OpenAiError {
  const { error: upstream } = upstreamOf(error);
  const status = statusOf(error);
  const unknownModel = error.status === 404 && error.message.startsWith("There is no model");
  const param = (error.details?.["param"] as string | undefined) ?? (unknownModel ? "model" : null);
  return {
    message: error.message,
    type: textOr(upstream.type, types[status] ?? "server_error"),
    param: textOr(upstream.param, param),
    code: textOr(upstream.code, unknownModel ? "model_not_found" : (codes[status] ?? null)),
  };
}

/** Headers that tell OpenAI's clients whether and when to try again; without them they guess from the status. */
export function retryHeaders(error: GantryError): Record<string, string> {
  const waitMs = error.details?.["retryAfterMs"];
  return {
    "x-should-retry": String(error.retryable),
    ...(typeof waitMs === "number"
      ? { "retry-after-ms": String(Math.ceil(waitMs)), "retry-after": String(Math.max(1, Math.ceil(waitMs / 1000))) }
      : {}),
  };
}

/** A request that cannot be sent to anybody as it is. */
export function invalidRequest(param: string, message: string): GantryError {
  return new GantryError("invalidArgument", `${message} Nothing was sent.`, { details: { param } });
}
