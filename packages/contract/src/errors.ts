/** The closed table of error codes: what each means on HTTP, for the CLI's exit status, and for a retry. Imports nothing, so the CLI's fast path can use it. */

/** `exitCode` follows sysexits(3) and coreutils (`timeout`, `env`), as listed in docs/exit-codes. */
interface ErrorCodeFacts {
  readonly status: number;
  readonly exitCode: number;
  /** True when sending the same request again may succeed without anybody changing anything. */
  readonly retryable: boolean;
  readonly title: string;
}

// Codes are never reused for another meaning once released: clients switch on them.
export const errorCodes = {
  invalidArgument: { status: 400, exitCode: 64, retryable: false, title: "Invalid argument" },
  unauthenticated: { status: 401, exitCode: 77, retryable: false, title: "Credential missing or not accepted" },
  permissionDenied: { status: 403, exitCode: 77, retryable: false, title: "Not permitted" },
  forbiddenOrigin: { status: 403, exitCode: 77, retryable: false, title: "Host or Origin not allowed" },
  notFound: { status: 404, exitCode: 64, retryable: false, title: "Not found" },
  methodNotAllowed: { status: 405, exitCode: 64, retryable: false, title: "Method not allowed" },
  conflict: { status: 409, exitCode: 64, retryable: false, title: "Conflict" },
  payloadTooLarge: { status: 413, exitCode: 64, retryable: false, title: "Payload too large" },
  unsupportedMediaType: { status: 415, exitCode: 64, retryable: false, title: "Unsupported media type" },
  resourceExhausted: { status: 429, exitCode: 75, retryable: true, title: "Busy or over a limit" },
  cancelled: { status: 499, exitCode: 130, retryable: false, title: "Cancelled" },
  internal: { status: 500, exitCode: 125, retryable: false, title: "Internal error" },
  unimplemented: { status: 501, exitCode: 64, retryable: false, title: "Not implemented" },
  aborted: { status: 502, exitCode: 69, retryable: false, title: "Lost before the outcome was known" },
  unavailable: { status: 503, exitCode: 69, retryable: true, title: "Unavailable" },
  deadlineExceeded: { status: 504, exitCode: 124, retryable: false, title: "Deadline exceeded" },
  configurationInvalid: { status: 500, exitCode: 78, retryable: false, title: "Configuration invalid" },
  cannotExecute: { status: 422, exitCode: 126, retryable: false, title: "Cannot execute" },
  programNotFound: { status: 422, exitCode: 127, retryable: false, title: "Program not found" },
} as const satisfies Record<string, ErrorCodeFacts>;

export type ErrorCode = keyof typeof errorCodes;

/** An RFC 9457 problem document; the same object travels in Socket.IO acks, SSE errors, and control-socket errors. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  /** What happened, what was kept, and what to do next, in one or two sentences for the user. */
  detail: string;
  retryable: boolean;
  requestId?: string;
  /** Code-specific facts, such as `issues` for invalidArgument or `suggestions` for notFound. */
  details?: Record<string, unknown>;
}

export interface GantryErrorOptions {
  details?: Record<string, unknown>;
  cause?: unknown;
  requestId?: string;
  /** Overrides the code's default, for example when a busy resource will not free itself. */
  retryable?: boolean;
}

/** The one error class that crosses rooms and processes. Anything else thrown is a defect and becomes `internal`. */
export class GantryError extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown> | undefined;
  readonly requestId: string | undefined;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: GantryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "GantryError";
    this.code = code;
    this.details = options.details;
    this.requestId = options.requestId;
    this.retryable = options.retryable ?? errorCodes[code].retryable;
  }

  get status(): number {
    return errorCodes[this.code].status;
  }

  get exitCode(): number {
    return errorCodes[this.code].exitCode;
  }

  toProblem(requestId = this.requestId): Problem {
    return {
      type: `urn:gantry:error:${this.code}`,
      title: errorCodes[this.code].title,
      status: this.status,
      code: this.code,
      detail: this.message,
      retryable: this.retryable,
      ...(requestId === undefined ? {} : { requestId }),
      ...(this.details === undefined ? {} : { details: this.details }),
    };
  }
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(errorCodes, value);
}

/** Rebuilds the error from a problem document; an unknown code (a newer daemon) is told apart by its text. */
export function errorFromProblem(problem: Partial<Problem>): GantryError {
  const code = isErrorCode(problem.code) ? problem.code : "internal";
  const detail = problem.detail ?? problem.title ?? "The daemon reported an error without a message.";
  return new GantryError(code, detail, {
    ...(problem.details === undefined ? {} : { details: problem.details }),
    ...(problem.requestId === undefined ? {} : { requestId: problem.requestId }),
    ...(problem.retryable === undefined ? {} : { retryable: problem.retryable }),
  });
}
