/** The error a method throws to answer with a code of its choice. Anything else thrown becomes INTERNAL. */
import type { ProviderCode, ProviderFailure } from "@gantry/contract/provider-protocol";
import { z } from "zod";

export interface ProviderErrorOptions {
  /** True when sending the same call again may succeed. */
  retryable?: boolean;
  retryAfterMs?: number;
  details?: Record<string, unknown>;
  cause?: unknown;
}

export class ProviderError extends Error {
  readonly code: ProviderCode;
  readonly options: ProviderErrorOptions;

  constructor(code: ProviderCode, message: string, options: ProviderErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ProviderError";
    this.code = code;
    this.options = options;
  }
}

export function failureFrom(error: unknown): ProviderFailure {
  if (error instanceof ProviderError) {
    const { retryable, retryAfterMs, details } = error.options;
    return {
      code: error.code,
      message: error.message,
      ...(retryable === undefined ? {} : { retryable }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(details === undefined ? {} : { details }),
    };
  }
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    const path = ["params", ...(issue?.path ?? [])].join(".");
    return { code: "INVALID_ARGUMENT", message: `${path}: ${issue?.message ?? "does not fit"}`, retryable: false };
  }
  return { code: "INTERNAL", message: error instanceof Error ? error.message : String(error), retryable: false };
}

export function overLimit(what: string, limitBytes: number): ProviderError {
  return new ProviderError("RESOURCE_EXHAUSTED", `its ${what} is larger than the limit of ${limitBytes} bytes for one message`, {
    retryable: false,
    details: { limitBytes },
  });
}
