/** What a provider is made of, and the document it registers with. */
import type { HealthAnswer, ProviderKind, ProviderModel, RegisterMessage, Usage } from "@gantry/contract/provider-protocol";
import { providerProtocolVersion } from "@gantry/contract/provider-protocol";
import { z } from "zod";

export interface MethodContext {
  /** Aborted when the caller cancels, its budget is spent, or the connection is lost. */
  readonly signal: AbortSignal;
  readonly callId: string;
  /** Milliseconds that were left for the whole call when it arrived. */
  readonly budgetMs: number;
  /** 2 when another instance was lost with this call. */
  readonly attempt: number;
  readonly idempotencyKey: string | undefined;
  /** W3C traceparent of the caller. */
  readonly trace: string | undefined;
  /** What the caller sends on after the params, when it makes the call with an input stream; else empty. Reading on lets it send more. */
  readonly input: AsyncIterable<unknown>;
  /** Reports what the call used; goes out with the result. */
  reportUsage(usage: Usage): void;
}

interface MethodFacts<Input extends z.ZodType> {
  description?: string;
  /** Checked by Gantry as JSON Schema before the call is sent, and again here, where defaults and transforms apply. */
  input?: Input;
  output?: z.ZodType;
  /** True when running it twice does no harm: then a lost call may be sent to another instance. */
  idempotent?: boolean;
  timeoutMs?: number;
}

/** A method answers once with `run`, or sends chunks with `stream`, whose return value is the result. */
export type Method<Input extends z.ZodType = z.ZodType> = MethodFacts<Input> &
  (
    | { run(params: z.output<Input>, context: MethodContext): unknown; stream?: undefined }
    | { stream(params: z.output<Input>, context: MethodContext): AsyncIterable<unknown>; run?: undefined }
  );

// oxlint-disable-next-line typescript/no-explicit-any -- a method of any input; variance forbids the default parameter here
export type AnyMethod = Method<any>;

/** Gives a method's parameters the type of its input schema. */
export function defineMethod<const Input extends z.ZodType>(method: Method<Input>): Method<Input> {
  return method;
}

export interface ProviderDefinition {
  name: string;
  kind?: ProviderKind;
  version?: string;
  description?: string;
  methods: Record<string, AnyMethod>;
  models?: ProviderModel[];
  capabilities?: string[];
  /** How many calls at once, and how much of the load relative to other instances (default 64 and 1). */
  capacity?: { concurrency?: number; weight?: number };
  metadata?: Record<string, unknown>;
  /** Asked by `gantry providers health`; default: ok. */
  health?(): HealthAnswer | Promise<HealthAnswer>;
}

export function describe(definition: ProviderDefinition, instance: string, epoch: number): RegisterMessage {
  const { name, kind = "service", version = "0.0.0", description, models = [], capabilities = [], capacity, metadata } = definition;
  return {
    proto: providerProtocolVersion,
    name,
    instance,
    epoch,
    version,
    kind,
    ...(description === undefined ? {} : { description }),
    models,
    capabilities,
    methods: Object.entries(definition.methods).map(([methodName, method]) => ({
      name: methodName,
      stream: method.stream !== undefined,
      idempotent: method.idempotent ?? false,
      ...(method.description === undefined ? {} : { description: method.description }),
      ...(method.input === undefined ? {} : { input: schemaOf(method.input) }),
      ...(method.output === undefined ? {} : { output: schemaOf(method.output) }),
      ...(method.timeoutMs === undefined ? {} : { timeoutMs: method.timeoutMs }),
    })),
    capacity: { concurrency: capacity?.concurrency ?? 64, weight: capacity?.weight ?? 1 },
    ...(metadata === undefined ? {} : { metadata }),
    features: [],
  };
}

/** What a caller may send, so `io: "input"`: a field with a default need not be given. */
function schemaOf(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
}
