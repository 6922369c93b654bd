/** The one path from a transport to a handler: permission, input schema, call, output schema. */
import { type AnyOperation, GantryError } from "@gantry/contract";
import type { z } from "zod";

import { type CallContext, requirePermission } from "../core/caller.ts";
import { type BoundOperation, isStream } from "../core/handlers.ts";

/** Resolves to an output that is stripped to its schema, or to an iterable of stripped events. */
export async function runOperation({ operation, handle }: BoundOperation, rawInput: unknown, context: CallContext): Promise<unknown> {
  authorize(operation, context);
  const input = parseInput(operation, rawInput);
  const answer = await handle(input as never, context);
  return isStream(answer) ? stripEvents(operation, answer) : operation.output.parse(answer);
}

function authorize(operation: AnyOperation, { caller }: CallContext): void {
  if (operation.permission !== "public") requirePermission(caller, operation.permission, lowerFirst(operation.summary));
}

function parseInput(operation: AnyOperation, rawInput: unknown): unknown {
  const result = operation.input.safeParse(rawInput ?? {});
  if (result.success) return result.data;
  const issues = (result.error as z.ZodError).issues.map((issue) => ({
    field: issue.path.join(".") || (issue.code === "unrecognized_keys" ? issue.keys.join(", ") : ""),
    message: issue.message,
    given: preview(valueAt(rawInput, issue.path)),
  }));
  const { field, message, given } = issues[0] as (typeof issues)[number];
  const subject = field === "" ? "the input" : field;
  const shown = given === undefined ? "" : ` (given: ${given})`;
  throw new GantryError("invalidArgument", `${subject}: ${message}${shown}. Nothing was changed.`, { details: { issues } });
}

function valueAt(input: unknown, path: PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined),
    input,
  );
}

const previewCharacters = 80;

function preview(value: unknown): string | undefined {
  if (value === undefined || (typeof value === "object" && value !== null)) return undefined;
  const text = JSON.stringify(value);
  return text.length > previewCharacters ? `${text.slice(0, previewCharacters)}…` : text;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

async function* stripEvents(operation: AnyOperation, events: AsyncIterable<unknown>): AsyncGenerator {
  const schema = operation.events as z.ZodType | undefined;
  for await (const event of events) yield schema === undefined ? event : schema.parse(event);
}
