/** Declares an operation once; routes, OpenAPI, the typed client, the control socket, and the CLI all follow from the declaration. */
import type { z } from "zod";

import type { ErrorCode } from "./errors.ts";
import type { Permission } from "./permissions.ts";

export type HttpMethod = "GET" | "POST" | "PUT" | "DELETE";

export interface OperationSpec<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodType = z.ZodType,
  Event extends z.ZodType | undefined = z.ZodType | undefined,
> {
  method: HttpMethod;
  /** Fastify's form, such as `/sessions/:id`. Parameters named here come from the path; the rest from the query (GET, DELETE) or the JSON body. */
  path: string;
  /** `public` only for the constant health answer: everything else is denied without a credential. */
  permission: Permission | "public";
  summary: string;
  /** One strict, top-level object whatever the transport. */
  input: Input;
  output: Output;
  /** Present when a handler may answer with a stream: SSE over HTTP, frames on the control socket. */
  events?: Event;
  /**
   * The caller may go on with items after its input, which then says `input: "stream"`: as further lines of an application/x-ndjson body
   * over HTTP, as messages on the control socket. A handler finds them in its context.
   */
  inputStream?: true;
  /** What a caller must expect besides invalidArgument, unauthenticated, permissionDenied, and internal. Others become `internal`. */
  errors?: readonly ErrorCode[];
  /** Defaults to 200; for example 201 for something created, 202 for something accepted. */
  successStatus?: (output: z.output<Output>) => number;
  /** Sent as is instead of as JSON when the output is a string. */
  textType?: "text/plain" | "text/html";
  /**
   * May take longer than whoever waits for a first byte has patience for: over HTTP such an answer begins with blank lines, which JSON allows.
   * Only for what tells its failures in its output, because by then the status has been sent.
   */
  mayTakeLong?: boolean;
  /** Safe to repeat after a lost answer. GET always is. */
  idempotent?: boolean;
}

export interface Operation<
  Input extends z.ZodObject = z.ZodObject,
  Output extends z.ZodType = z.ZodType,
  Event extends z.ZodType | undefined = z.ZodType | undefined,
> extends OperationSpec<Input, Output, Event> {
  /** `room.operation`: the name on the control socket, in the client, and as the OpenAPI operationId. */
  name: string;
}

// oxlint-disable-next-line no-explicit-any -- an operation of any shape; variance forbids the default parameters here
export type AnyOperation = Operation<any, any, any>;

/** Declares one operation. Its name is given by `room`. */
export function operation<
  const Input extends z.ZodObject,
  const Output extends z.ZodType,
  const Event extends z.ZodType | undefined = undefined,
>(spec: OperationSpec<Input, Output, Event>): Operation<Input, Output, Event> {
  return { ...spec, input: spec.input.strict() as Input, name: "" };
}

/** Names a room's operations. */
export function room<const Operations extends Record<string, AnyOperation>>(name: string, operations: Operations): Operations {
  for (const [key, value] of Object.entries(operations)) value.name = `${name}.${key}`;
  return operations;
}

export type OperationInput<O extends AnyOperation> = z.input<O["input"]>;
export type OperationOutput<O extends AnyOperation> = z.output<O["output"]>;
/** The schema of an operation's events, or never when it has none. */
export type EventSchemaOf<O extends AnyOperation> = Extract<O["events"], z.ZodType>;
export type OperationEvent<O extends AnyOperation> = [EventSchemaOf<O>] extends [never] ? never : z.output<EventSchemaOf<O>>;

/** True when a path segment of the operation carries this field. */
export function pathParameters(path: string): string[] {
  return [...path.matchAll(/:([A-Za-z]+)/g)].map((match) => match[1] as string);
}
