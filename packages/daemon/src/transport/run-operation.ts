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
  const result = operation.input.safeParse(asObject(rawInput));
  if (result.success) return result.data;
  const issues = (result.error as z.ZodError).issues.map(nearestIssue).map((issue) => ({
    field: issue.path.join(".") || (issue.code === "unrecognized_keys" ? issue.keys.join(", ") : ""),
    message: issue.message,
    // Of a wrong name, the name: its value is not what is wrong, and may be a secret.
    given: preview(issue.code === "invalid_key" ? issue.path.at(-1) : valueAt(rawInput, issue.path)),
  }));
  const { field, message, given } = issues[0] as (typeof issues)[number];
  const subject = field === "" ? "the input" : field;
  const shown = given === undefined ? "" : ` (given: ${given})`;
  throw new GantryError("invalidArgument", `${subject}: ${message}${shown}. Nothing was changed.`, { details: { issues } });
}

/** What a caller gives to an operation, whatever the transport; nothing at all is an empty object. */
export function asObject(given: unknown): Record<string, unknown> {
  if (given === undefined) return {};
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return given as Record<string, unknown>;
  const what = given === null ? "null" : Array.isArray(given) ? "an array" : `a ${typeof given}, ${preview(given)}`;
  const message = `must be an object such as {"limit": 10}, and ${what} was given`;
  throw new GantryError("invalidArgument", `The input ${message}. Nothing was changed.`, { details: { issues: [{ field: "", message }] } });
}

/** What is allowed is told by an issue inside: of the alternative that got furthest, or of the name. */
function nearestIssue(issue: z.core.$ZodIssue): z.core.$ZodIssue {
  if (issue.code === "invalid_key") return { ...issue, message: issue.issues[0]?.message ?? issue.message };
  if (issue.code !== "invalid_union") return issue;
  const [nearest] = issue.errors.flatMap((issues) => issues.slice(0, 1)).toSorted((one, other) => other.path.length - one.path.length);
  return nearest === undefined ? issue : nearestIssue({ ...nearest, path: [...issue.path, ...nearest.path] });
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
