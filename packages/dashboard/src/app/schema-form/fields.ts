/**
 * Reads a JSON Schema of one object as a list of form fields, and what was filled in as that object. What a form cannot show becomes
 * a field for JSON. No schema library: all of them compile checks with `new Function`, which the page's policy forbids; the daemon checks.
 */
type Schema = Readonly<Record<string, unknown>>;

export type FieldKind = "text" | "number" | "boolean" | "choice" | "list" | "json";

export interface Field {
  name: string;
  kind: FieldKind;
  required: boolean;
  description: string | undefined;
  /** As text, for a placeholder. */
  defaultText: string | undefined;
  default: unknown;
  /** Of a choice. */
  choices: readonly string[];
  integer: boolean;
  minimum: number | undefined;
  maximum: number | undefined;
  secret: boolean;
  /** What a JSON field that must be given starts with: the shape, to be filled in. */
  skeleton: string | undefined;
}

/** Undefined: the schema does not describe an object with known fields, so only JSON will do. */
export function readFields(schema: unknown): readonly Field[] | undefined {
  const object = asSchema(schema);
  const properties = asSchema(object?.["properties"]);
  if (object === undefined || (object["type"] !== undefined && object["type"] !== "object")) return undefined;
  if (properties === undefined) return object["type"] === "object" && object["additionalProperties"] === false ? [] : undefined;
  const required = new Set(Array.isArray(object["required"]) ? object["required"] : []);
  return Object.entries(properties).map(([name, property]) => readField(name, asSchema(property) ?? {}, required.has(name)));
}

function readField(name: string, schema: Schema, required: boolean): Field {
  const choices = Array.isArray(schema["enum"]) ? schema["enum"] : [];
  const fallback = schema["default"];
  const kind = kindOf(schema, choices);
  // A field with a default is filled in by the daemon, whatever the schema's author called it.
  const needed = required && fallback === undefined;
  return {
    name,
    kind,
    required: needed,
    description: text(schema["description"]) ?? text(schema["title"]),
    default: fallback,
    defaultText: fallback === undefined ? undefined : typeof fallback === "string" ? fallback : JSON.stringify(fallback),
    choices: choices.map(String),
    integer: schema["type"] === "integer",
    minimum: number(schema["minimum"]),
    // Schemas made from code name the largest safe integer where there is no limit.
    maximum: schema["maximum"] === Number.MAX_SAFE_INTEGER ? undefined : number(schema["maximum"]),
    secret: schema["format"] === "password" || schema["writeOnly"] === true,
    skeleton: kind === "json" && needed ? JSON.stringify(skeletonOf(schema), null, 2) : undefined,
  };
}

/** The smallest value of that shape. Nested a little, because schemas may be endless. */
function skeletonOf(schema: Schema, depth = 0): unknown {
  if (schema["default"] !== undefined) return schema["default"];
  if (schema["const"] !== undefined) return schema["const"];
  if (Array.isArray(schema["enum"])) return schema["enum"].includes("user") ? "user" : schema["enum"][0];
  const items = asSchema(schema["items"]);
  const properties = asSchema(schema["properties"]);
  switch (schema["type"]) {
    case "array":
      return items === undefined || depth > 3 ? [] : [skeletonOf(items, depth + 1)];
    case "object":
      return properties === undefined || depth > 3
        ? {}
        : Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, skeletonOf(asSchema(property) ?? {}, depth + 1)]));
    case "number":
    case "integer":
      return 0;
    case "boolean":
      return false;
    default:
      return "";
  }
}

function kindOf(schema: Schema, choices: readonly unknown[]): FieldKind {
  if (choices.length > 0 && choices.every((choice) => typeof choice === "string")) return "choice";
  switch (schema["type"]) {
    case "string":
      return "text";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "array":
      return asSchema(schema["items"])?.["type"] === "string" ? "list" : "json";
    default:
      return "json";
  }
}

export type Filled = Readonly<Record<string, unknown>>;

/** What the fields show at first: given values, or the shape of what must be given. */
export function fill(fields: readonly Field[], given: Readonly<Record<string, unknown>> = {}): Filled {
  return Object.fromEntries(
    fields.map(({ name, kind, skeleton }) => {
      const value = given[name];
      if (value === undefined) return [name, skeleton];
      return [name, kind === "json" ? JSON.stringify(value, null, 2) : value];
    }),
  );
}

export interface Collected {
  input: Record<string, unknown>;
  /** By field name. Empty when everything can be sent. */
  problems: Record<string, string>;
}

/** Leaves out what was left empty, so that the daemon's defaults count. */
export function collect(fields: readonly Field[], filled: Filled): Collected {
  const input: Record<string, unknown> = {};
  const problems: Record<string, string> = {};
  for (const field of fields) {
    const value = filled[field.name];
    const empty = value === undefined || value === "" || value === null || (Array.isArray(value) && value.length === 0);
    if (empty) {
      if (field.required && field.kind !== "list") problems[field.name] = "Needed";
      else if (field.required) input[field.name] = [];
      continue;
    }
    if (field.kind !== "json") {
      input[field.name] = value;
      continue;
    }
    try {
      input[field.name] = JSON.parse(value as string);
    } catch (error) {
      problems[field.name] = `Not JSON: ${(error as Error).message}`;
    }
  }
  return { input, problems };
}

function asSchema(value: unknown): Schema | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Schema) : undefined;
}

const text = (value: unknown) => (typeof value === "string" ? value : undefined);
const number = (value: unknown) => (typeof value === "number" ? value : undefined);
