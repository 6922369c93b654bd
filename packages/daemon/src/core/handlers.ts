/** The type of a room's handlers: one function per declared operation, checked against its schemas. */
import type { AnyOperation, EventSchemaOf } from "@gantry/contract";
import type { z } from "zod";

import type { CallContext } from "./caller.ts";

type Answer<O extends AnyOperation> =
  | z.input<O["output"]>
  | ([EventSchemaOf<O>] extends [never] ? never : AsyncIterable<z.input<EventSchemaOf<O>>>);

export type Handler<O extends AnyOperation> = (input: z.output<O["input"]>, context: CallContext) => Answer<O> | Promise<Answer<O>>;

export type Handlers<Operations extends Record<string, AnyOperation>> = { [Key in keyof Operations]: Handler<Operations[Key]> };

/** An operation joined with its handler, as the transports see it. */
export interface BoundOperation {
  operation: AnyOperation;
  // Transports validate the input against the operation's schema before the call and strip the answer after it.
  handle: (input: never, context: CallContext) => unknown;
}

export function bind<Operations extends Record<string, AnyOperation>>(
  operations: Operations,
  handlers: Handlers<Operations>,
): BoundOperation[] {
  return Object.entries(operations).map(([key, operation]) => ({
    operation,
    handle: handlers[key as keyof Operations] as unknown as BoundOperation["handle"],
  }));
}

export function isStream(answer: unknown): answer is AsyncIterable<unknown> {
  return typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer;
}
