/** Providers: named services that dial in, their models and capabilities, and calls to their methods. */
import { z } from "zod";

import { ProviderType } from "./configuration.ts";
import { event } from "./event.ts";
import { operation, room } from "./operation.ts";
import { CallId, DisplayText, DurationMs, Name, pageInput, pageOf, Timestamp } from "./primitives.ts";
import { ProviderKind, ProviderMethod, ProviderModel, Usage } from "./provider-protocol.ts";

/** `offline`: known from earlier, but nobody of that name is connected. */
export const ProviderState = z.enum(["ready", "degraded", "draining", "offline"]);
export type ProviderState = z.infer<typeof ProviderState>;

/** `open`: no calls until the pause is over; `trying`: one call is out to see whether it works again. */
export const BreakerInfo = z.object({
  method: z.string(),
  state: z.enum(["open", "trying"]),
  /** Failed calls in the last seconds. */
  failures: z.int(),
  retryInMs: z.int(),
  /** Most instances fail this method, so the fault is probably elsewhere: calls go there all the same. */
  ignored: z.boolean(),
  /** The error that the last failed call ended with; what comes after its code only for callers that may read the configuration. */
  lastError: z.string().optional(),
});
export type BreakerInfo = z.infer<typeof BreakerInfo>;

export const ProviderInstanceInfo = z.object({
  instance: z.string(),
  state: z.enum(["ready", "degraded", "draining"]),
  version: z.string(),
  epoch: z.int(),
  connectedAt: Timestamp,
  /** Calls that hold a slot now, as counted by the daemon. */
  inflight: z.int(),
  concurrency: z.int(),
  weight: z.number(),
  calls: z.int(),
  failures: z.int(),
  /** Smoothed time to the first answer, in milliseconds; absent before the first call. */
  latencyMs: z.number().optional(),
  /** Smoothed time to the end of a call. */
  durationMs: z.number().optional(),
  /** Methods that are sent nowhere or one trial at a time because they kept failing here. */
  breakers: z.array(BreakerInfo),
  /** Calls that wait inside the instance, by its own word. */
  queued: z.int().optional(),
  /** Messages that were not understood and dropped. */
  malformed: z.int(),
  /** The provider's own words on its state. */
  detail: DisplayText.optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
});
export type ProviderInstanceInfo = z.infer<typeof ProviderInstanceInfo>;

/**
 * What the daemon does about one instance of a provider that it runs itself. `waiting`: it ended and will be started again at
 * `nextRetryAt`; `stopped`: it is not to run until somebody restarts it.
 */
export const SupervisionState = z.enum(["starting", "running", "waiting", "stopping", "stopped"]);
export type SupervisionState = z.infer<typeof SupervisionState>;

export const SupervisedInstance = z.object({
  instance: z.string(),
  state: SupervisionState,
  /** Of the program that Gantry started, where there is one. */
  pid: z.int().optional(),
  /** Starts after the first one. */
  restarts: z.int(),
  startedAt: Timestamp.optional(),
  /** Why it ended or could not start the last time. */
  lastEnd: z.string().optional(),
  nextRetryAt: Timestamp.optional(),
  /** The last lines it wrote to standard error, oldest first; only for callers that may read the configuration. */
  stderr: z.array(z.string()).optional(),
});
export type SupervisedInstance = z.infer<typeof SupervisedInstance>;

export const ProviderSummary = z.object({
  name: z.string(),
  /** How it came to be a provider; `socket` dialled in. */
  type: ProviderType,
  kind: ProviderKind,
  state: ProviderState,
  version: z.string(),
  description: DisplayText.optional(),
  instances: z.int(),
  methods: z.array(z.string()),
  models: z.array(z.string()),
  capabilities: z.array(z.string()),
  inflight: z.int(),
  /** Calls that wait for a free slot of this provider. */
  waiting: z.int(),
  calls: z.int(),
  failures: z.int(),
  /** Over all instances and methods. */
  openBreakers: z.int(),
  latencyMs: z.number().optional(),
  /** When it last joined or left. */
  since: Timestamp,
  /** Present when the daemon runs it: one entry for each configured instance. */
  supervision: z.array(SupervisedInstance).optional(),
});
export type ProviderSummary = z.infer<typeof ProviderSummary>;

export const ProviderDetail = ProviderSummary.omit({ methods: true, models: true, instances: true }).extend({
  methods: z.array(ProviderMethod),
  models: z.array(ProviderModel),
  instances: z.array(ProviderInstanceInfo),
  /** Why the last instance left, when the provider is offline. */
  lastReason: z.string().optional(),
});
export type ProviderDetail = z.infer<typeof ProviderDetail>;

export const ModelInfo = z.object({
  id: z.string(),
  /** Names of the providers that offer it now. */
  providers: z.array(z.string()),
  description: DisplayText.optional(),
  contextTokens: z.int().optional(),
});
export type ModelInfo = z.infer<typeof ModelInfo>;

export const CapabilityInfo = z.object({ capability: z.string(), providers: z.array(z.string()) });
export type CapabilityInfo = z.infer<typeof CapabilityInfo>;

/** `unreachable`: connected, but no answer in time. */
export const HealthStatus = z.enum(["ok", "degraded", "failing", "unreachable", "offline"]);
export type HealthStatus = z.infer<typeof HealthStatus>;

export const ProviderHealth = z.object({
  name: z.string(),
  status: HealthStatus,
  /** Measured round trip of the slowest instance asked. */
  durationMs: z.number(),
  instances: z.array(z.object({ instance: z.string(), status: HealthStatus, detail: DisplayText.optional(), durationMs: z.number() })),
});
export type ProviderHealth = z.infer<typeof ProviderHealth>;

const callOptions = {
  /** Checked against the method's JSON Schema before it is sent. */
  params: z.unknown().default({}).meta({ description: "What the method takes; checked against its JSON Schema" }),
  /** The whole budget, waiting for a free slot and one failover included. Default: the method's own, else 60 s. */
  timeoutMs: DurationMs.min(1).optional(),
  /** Passed to the provider as `idem`. Marks the call as safe to send to a second instance when the first is lost. */
  idempotencyKey: z.string().min(1).max(256).optional(),
  /** Calls with the same one go to the same instance while it has room, such as a user's id, so that caches there stay warm. */
  affinity: z.string().min(1).max(256).optional(),
  /** W3C traceparent, passed on to the provider. */
  trace: z.string().max(256).optional(),
  /** The call goes on with items for the method to read as they come. */
  input: z
    .literal("stream")
    .optional()
    .meta({ description: "The call goes on with items: each further line of an application/x-ndjson body is one" }),
} as const;

export const InvokeOutput = z.object({
  callId: CallId,
  provider: z.string(),
  instance: z.string(),
  result: z.unknown(),
  /** What a streaming method sent, when the answer was not asked for as a stream. */
  chunks: z.array(z.unknown()).optional(),
  usage: Usage.optional(),
  durationMs: z.number(),
  /** 2 when the first instance was lost and another answered. */
  attempt: z.int(),
});
export type InvokeOutput = z.infer<typeof InvokeOutput>;

/** A streamed call: one `start`, any number of `chunks`, and then `end`, or an error in its place. Never a silent stop. */
export const CallStreamEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("start"), callId: CallId, provider: z.string(), instance: z.string() }),
  z.object({ type: z.literal("chunks"), seq: z.int(), batch: z.array(z.unknown()) }),
  z.object({ type: z.literal("end"), result: z.unknown(), usage: Usage.optional(), durationMs: z.number(), attempt: z.int() }),
]);
export type CallStreamEvent = z.infer<typeof CallStreamEvent>;

const callErrors = [
  "notFound",
  "aborted",
  "unavailable",
  "deadlineExceeded",
  "resourceExhausted",
  "cancelled",
  "payloadTooLarge",
  "unimplemented",
] as const;

export const providerOperations = room("providers", {
  list: operation({
    method: "GET",
    path: "/providers",
    permission: "providers.read",
    summary: "List providers with their state and load",
    input: z.object({ ...pageInput, kind: ProviderKind.optional(), state: ProviderState.optional() }),
    output: pageOf(ProviderSummary),
  }),
  get: operation({
    method: "GET",
    path: "/providers/:name",
    permission: "providers.read",
    summary: "Show one provider with its methods, models, and instances",
    input: z.object({ name: Name }),
    output: ProviderDetail,
    errors: ["notFound"],
  }),
  models: operation({
    method: "GET",
    path: "/models",
    permission: "providers.read",
    summary: "List the models that connected providers offer",
    input: z.object({}),
    output: z.object({ items: z.array(ModelInfo) }),
  }),
  capabilities: operation({
    method: "GET",
    path: "/capabilities",
    permission: "providers.read",
    summary: "List the capabilities that connected providers offer",
    input: z.object({}),
    output: z.object({ items: z.array(CapabilityInfo) }),
  }),
  health: operation({
    method: "GET",
    path: "/providers/:name/health",
    permission: "providers.read",
    summary: "Ask every instance of a provider how it is, and measure how long it takes to answer",
    input: z.object({ name: Name, timeoutMs: z.int().min(1).max(60_000).default(5_000) }),
    output: ProviderHealth,
    errors: ["notFound"],
  }),
  invoke: operation({
    method: "POST",
    path: "/providers/:name/invoke",
    permission: "providers.call",
    summary: "Call a method of a provider; answers JSON, or a stream when asked for one",
    input: z.object({ name: Name, method: Name, ...callOptions }),
    inputStream: true,
    output: InvokeOutput,
    events: CallStreamEvent,
    errors: callErrors,
  }),
  invokeAny: operation({
    method: "POST",
    path: "/invoke",
    permission: "providers.call",
    summary: "Call whichever provider offers a model or a capability",
    input: z.object({
      /** Also put into `params.model` when the params are an object that names none. */
      model: Name.optional(),
      capability: Name.optional(),
      /** Default: `chat` for a model, the capability's own name for a capability. */
      method: Name.optional(),
      ...callOptions,
    }),
    inputStream: true,
    output: InvokeOutput,
    events: CallStreamEvent,
    errors: callErrors,
  }),
  cancelCall: operation({
    method: "POST",
    path: "/calls/:id/cancel",
    permission: "providers.call",
    summary: "Cancel a call; its caller is answered at once and the provider is told to stop",
    input: z.object({ id: CallId, reason: z.string().max(512).default("cancelled on request") }),
    output: z.object({ callId: CallId, cancelled: z.boolean() }),
    errors: ["notFound"],
    idempotent: true,
  }),
  drain: operation({
    method: "POST",
    path: "/providers/:name/drain",
    permission: "providers.manage",
    summary: "Send a provider, or one instance of it, no more calls and tell it to finish",
    input: z.object({
      name: Name,
      instance: Name.optional(),
      deadlineMs: DurationMs.default(30_000),
      reason: z.string().max(512).default("drained on request"),
    }),
    output: z.object({ name: z.string(), instances: z.array(z.string()), inflight: z.int() }),
    errors: ["notFound"],
    idempotent: true,
  }),
  restart: operation({
    method: "POST",
    path: "/providers/:name/restart",
    permission: "providers.manage",
    summary: "Start a configured provider again, or one instance of it; calls in flight may finish first",
    input: z.object({ name: Name, instance: Name.optional(), deadlineMs: DurationMs.default(10_000) }),
    output: z.object({ name: z.string(), instances: z.array(SupervisedInstance) }),
    errors: ["notFound", "conflict"],
  }),
});

export const providerEvents = {
  "provider.joined": event("providers.read", z.object({ name: z.string(), instance: z.string(), version: z.string(), kind: ProviderKind })),
  "provider.updated": event("providers.read", z.object({ name: z.string(), instance: z.string() })),
  "provider.state": event(
    "providers.read",
    z.object({ name: z.string(), instance: z.string(), state: z.enum(["ready", "degraded", "draining"]), detail: DisplayText.optional() }),
  ),
  /** A provider that the daemon runs itself was started, ended, or waits for its next start. */
  "provider.supervision": event(
    "providers.read",
    z.object({ name: z.string(), instance: z.string(), state: SupervisionState, reason: z.string().optional() }),
  ),
  "provider.left": event("providers.read", z.object({ name: z.string(), instance: z.string(), reason: z.string(), aborted: z.int() })),
  /** At a high rate only some calls are told one by one; `skipped` counts those left out since the last one told. */
  "call.ended": event(
    "providers.read",
    z.object({
      callId: CallId,
      provider: z.string(),
      instance: z.string().optional(),
      method: z.string(),
      /** `ok` or the error code. */
      outcome: z.string(),
      durationMs: z.number(),
      chunks: z.int(),
      skipped: z.int(),
    }),
  ),
};
