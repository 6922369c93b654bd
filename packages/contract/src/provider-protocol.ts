/**
 * Protocol version 1 between a provider and the daemon, on the Socket.IO namespace `/providers`.
 *
 * One JSON object per event. Unknown fields and unknown events are ignored on both sides, so that either may be newer.
 * These schemas are the reference; the per-message path of the daemon checks `chunk`, `result`, and `fail` by hand for speed.
 */
import { z } from "zod";

import { errorCodes, type ErrorCode } from "./errors.ts";
import { DisplayText, Name } from "./primitives.ts";

export const providerProtocolVersion = 1;
export const providersNamespace = "/providers";

/** Among a provider's `features`: it speaks an older protocol through an adapter, and is used only when nobody else offers the same. */
export const olderFeature = "older-events";

/** What one message may weigh as JSON. The socket itself drops at twice this, so that a refusal can still be answered. */
export const providerPayloadLimitBytes = 4 * 1024 * 1024;

/** How far a stream may run ahead of its consumer. 64 tokens hide a millisecond of round trip; 256 KiB bound the memory of one slow reader. */
export const streamCreditChunks = 64;
export const streamCreditBytes = 256 * 1024;

/** How long a cancelled call may keep its slot before the daemon stops waiting for its end. */
export const cancelGraceMs = 5_000;

/** What a provider may answer with, and what callers then see. Codes are never reused for another meaning. */
export const providerCodes = {
  INVALID_ARGUMENT: "invalidArgument",
  UNAUTHENTICATED: "unauthenticated",
  PERMISSION_DENIED: "permissionDenied",
  NOT_FOUND: "notFound",
  CANCELLED: "cancelled",
  RESOURCE_EXHAUSTED: "resourceExhausted",
  UNAVAILABLE: "unavailable",
  DEADLINE_EXCEEDED: "deadlineExceeded",
  ABORTED: "aborted",
  UNIMPLEMENTED: "unimplemented",
  INTERNAL: "internal",
} as const satisfies Record<string, ErrorCode>;

export type ProviderCode = keyof typeof providerCodes;
export const ProviderCode = z.enum(Object.keys(providerCodes) as [ProviderCode, ...ProviderCode[]]);

export function isProviderCode(value: unknown): value is ProviderCode {
  return typeof value === "string" && Object.hasOwn(providerCodes, value);
}

const codeOfError = new Map<ErrorCode, ProviderCode>(
  Object.entries(providerCodes).map(([code, error]) => [error, code as ProviderCode] as const),
);

/** The protocol's word for one of our errors; what has none (`conflict`, `payloadTooLarge`) is the caller's mistake or our own failure. */
export function providerCodeOf(code: ErrorCode): ProviderCode {
  return codeOfError.get(code) ?? (errorCodes[code].status < 500 ? "INVALID_ARGUMENT" : "INTERNAL");
}

/** A JSON Schema document. What it says is checked by the validator that compiles it, not here. */
export const MethodSchema = z.union([z.record(z.string(), z.unknown()), z.boolean()]);
export type MethodSchema = z.infer<typeof MethodSchema>;

export const ProviderKind = z.enum(["llm", "tool", "mcp", "service"]);
export type ProviderKind = z.infer<typeof ProviderKind>;

export const ProviderModel = z.looseObject({
  id: Name,
  description: DisplayText.optional(),
  contextTokens: z.int().min(1).optional(),
});
export type ProviderModel = z.infer<typeof ProviderModel>;

export const ProviderMethod = z.object({
  name: Name,
  description: z.string().max(4096).optional(),
  /** True when it sends chunks before its result. */
  stream: z.boolean().default(false),
  input: MethodSchema.optional(),
  output: MethodSchema.optional(),
  /** True when running it twice does no harm: only then is a lost call sent to another instance. */
  idempotent: z.boolean().default(false),
  timeoutMs: z.int().min(1).max(86_400_000).optional(),
  /** Whatever else there is to say about it, such as the annotations of an MCP tool; passed on as it is. */
  metadata: z.record(z.string(), z.unknown()).optional(),
});
export type ProviderMethod = z.infer<typeof ProviderMethod>;

/** `register` (acknowledged): the whole document; sending it again replaces it. */
export const RegisterMessage = z.object({
  proto: z.literal(providerProtocolVersion),
  name: Name,
  /** Which of the provider's processes this is. */
  instance: Name,
  /** Rises with each connection of an instance, such as milliseconds since 1970: the higher one wins the name. */
  epoch: z.int().min(0),
  version: z.string().max(128).default("0.0.0"),
  kind: ProviderKind.default("service"),
  description: DisplayText.optional(),
  models: z.array(ProviderModel).max(1000).default([]),
  capabilities: z.array(Name).max(1000).default([]),
  methods: z.array(ProviderMethod).max(1000).default([]),
  capacity: z
    .object({ concurrency: z.int().min(1).max(100_000).default(64), weight: z.number().min(0.01).max(1000).default(1) })
    .prefault({}),
  metadata: z.record(z.string(), z.unknown()).optional(),
  features: z.array(z.string().max(64)).max(64).default([]),
});
export type RegisterMessage = z.infer<typeof RegisterMessage>;

export const ProviderFailure = z.object({
  code: ProviderCode,
  message: z.string(),
  retryable: z.boolean().optional(),
  retryAfterMs: z.int().min(0).optional(),
  details: z.record(z.string(), z.unknown()).optional(),
});
export type ProviderFailure = z.infer<typeof ProviderFailure>;

export const RegisterAck = z.union([
  z.object({
    ok: z.literal(true),
    session: z.string(),
    node: z.string(),
    proto: z.int(),
    limits: z.object({ maxPayload: z.int(), credit: z.int(), creditBytes: z.int() }),
    /** Other instances of the same name that are connected now. */
    peers: z.array(z.string()),
  }),
  z.object({ ok: z.literal(false), error: ProviderFailure }),
]);
export type RegisterAck = z.infer<typeof RegisterAck>;

/** `unregister` (acknowledged): take no more calls; those in flight finish. */
export const UnregisterMessage = z.object({ reason: z.string().max(512).optional() });
export type UnregisterMessage = z.infer<typeof UnregisterMessage>;

/** `status`: a load hint, never a sign of life. */
export const StatusMessage = z.object({
  state: z.enum(["ok", "degraded"]),
  inflight: z.int().min(0).default(0),
  queue: z.int().min(0).default(0),
  detail: DisplayText.optional(),
});
export type StatusMessage = z.infer<typeof StatusMessage>;

/** `health` (acknowledged), daemon to provider. */
export const HealthRequest = z.object({ deep: z.boolean() });
export const HealthAnswer = z.object({ status: z.enum(["ok", "degraded", "failing"]), detail: DisplayText.optional() });
export type HealthAnswer = z.infer<typeof HealthAnswer>;

/** `invoke`, daemon to provider. The answer is `result` or `fail` with the same id, never an acknowledgement. */
export const InvokeMessage = z.object({
  id: z.string(),
  method: z.string(),
  params: z.unknown(),
  /** Chunks that may be sent before the first `credit`. */
  credit: z.int(),
  budgetMs: z.int(),
  attempt: z.int(),
  idem: z.string().optional(),
  /** W3C trace context (https://www.w3.org/TR/trace-context/#traceparent-header), when the caller sent one. */
  trace: z.string().optional(),
  input: z.literal("stream").optional(),
});
export type InvokeMessage = z.infer<typeof InvokeMessage>;

/** `chunk`, both directions. `seq` is the stream position of the first item: 0, then plus the number of items sent so far. */
export const ChunkMessage = z
  .object({ id: z.string(), seq: z.int().min(0) })
  .and(z.union([z.object({ data: z.unknown() }), z.object({ batch: z.array(z.unknown()) })]));
export type ChunkMessage = { id: string; seq: number; data?: unknown; batch?: unknown[] };

/** A chunk that tells how far the work is; readers show it beside the output and not as a part of it. */
export const ProgressChunk = z.object({
  type: z.literal("progress"),
  progress: z.number(),
  total: z.number().optional(),
  message: z.string().optional(),
});
export type ProgressChunk = z.infer<typeof ProgressChunk>;

/** By hand: streams are told apart chunk by chunk. */
export function isProgressChunk(chunk: unknown): chunk is ProgressChunk {
  if (typeof chunk !== "object" || chunk === null) return false;
  const { type, progress } = chunk as { type?: unknown; progress?: unknown };
  return type === "progress" && typeof progress === "number";
}

/**
 * `credit`, receiver to sender: `n` more chunks may follow. `taken` is how many have been consumed in all, for a sender that also keeps
 * within the byte credit; that can be news even when `n` is 0.
 */
export const CreditMessage = z.object({ id: z.string(), n: z.int().min(0), taken: z.int().min(0).optional() });
export type CreditMessage = z.infer<typeof CreditMessage>;

/** `end`, daemon to provider: the input stream is complete. */
export const EndMessage = z.object({ id: z.string() });
export type EndMessage = z.infer<typeof EndMessage>;

/** What a call used, in the provider's own units, such as `{ inputTokens: 12, outputTokens: 80 }`. */
export const Usage = z.record(z.string(), z.number());
export type Usage = z.infer<typeof Usage>;

/** `result` and `fail`, provider to daemon: exactly one of them ends a call. */
export const ResultMessage = z.object({ id: z.string(), data: z.unknown(), usage: Usage.optional() });
export type ResultMessage = z.infer<typeof ResultMessage>;
export const FailMessage = z.object({ id: z.string(), error: ProviderFailure });
export type FailMessage = z.infer<typeof FailMessage>;

/** `cancel`, daemon to provider: answer `fail` with CANCELLED as soon as the work has stopped. */
export const CancelMessage = z.object({ id: z.string(), reason: z.string() });
export type CancelMessage = z.infer<typeof CancelMessage>;

/** `drain`, both directions: no new calls from now on; those in flight have until the deadline. */
export const DrainMessage = z.object({ deadlineMs: z.int().min(0).default(30_000), reason: z.string().max(512).default("") });
export type DrainMessage = z.infer<typeof DrainMessage>;
