/** Reads an object schema as a list of command-line options. */
import type { JsonSchema } from "@gantry/contract";

import { isSecret } from "./secrets.ts";

/** `json` is everything that a command line has no words for: it is given as JSON text. */
export type ScalarKind = "string" | "number" | "boolean" | "json";

export interface Field {
  /** The name in the input object. */
  name: string;
  /** Without the dashes: `dryRun` is `dry-run`. */
  option: string;
  kind: ScalarKind;
  /** May be given several times; each value is of `kind`. */
  many: boolean;
  /** Also takes the word null. */
  nullable: boolean;
  required: boolean;
  description: string | undefined;
  defaultValue: unknown;
  allowed: readonly unknown[] | undefined;
  /** What is given is never shown. */
  secret: boolean;
}

export function fieldsOf(schema: JsonSchema): Field[] {
  const required = new Set(Array.isArray(schema.required) ? (schema.required as string[]) : []);
  return Object.entries(asSchema(schema.properties)).map(([name, declared]) => {
    const own = asSchema(declared);
    const { variant, nullable } = withoutNull(resolve(own, schema), schema);
    const items = variant.type === "array" ? resolve(asSchema(variant.items), schema) : undefined;
    const described = own.description ?? variant.description;
    const single = items ?? variant;
    return {
      name,
      option: toOption(name),
      kind: scalarKind(single),
      many: items !== undefined,
      nullable,
      required: required.has(name) && own.default === undefined,
      description: typeof described === "string" ? described : undefined,
      defaultValue: own.default,
      allowed: Array.isArray(single.enum) ? single.enum : undefined,
      secret: [own, variant, single].some(isSecret),
    };
  });
}

export function toOption(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replaceAll("_", "-")
    .toLowerCase();
}

function asSchema(value: unknown): JsonSchema {
  return typeof value === "object" && value !== null ? (value as JsonSchema) : {};
}

/** Follows `$ref` inside the document; a schema that refers to itself without end stays as it is. */
function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  let at = schema;
  for (let depth = 0; depth < 10 && typeof at.$ref === "string"; depth += 1) {
    const parts = at.$ref.replace(/^#\/?/, "").split("/").filter(Boolean);
    at = asSchema(parts.reduce<unknown>((node, part) => asSchema(node)[part.replaceAll("~1", "/").replaceAll("~0", "~")], root));
  }
  return at;
}

function withoutNull(schema: JsonSchema, root: JsonSchema): { variant: JsonSchema; nullable: boolean } {
  if (Array.isArray(schema.type) && schema.type.includes("null")) {
    const rest = schema.type.filter((type) => type !== "null");
    return { variant: { ...schema, type: rest.length === 1 ? rest[0] : rest }, nullable: true };
  }
  const variants = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(variants)) {
    const rest = variants.map((variant) => resolve(asSchema(variant), root)).filter((variant) => variant.type !== "null");
    if (rest.length === 1) return { variant: rest[0] as JsonSchema, nullable: rest.length < variants.length };
  }
  return { variant: schema, nullable: false };
}

function scalarKind(schema: JsonSchema): ScalarKind {
  if (schema.type === "string") return "string";
  if (schema.type === "integer" || schema.type === "number") return "number";
  if (schema.type === "boolean") return "boolean";
  const values = Array.isArray(schema.enum) ? schema.enum : "const" in schema ? [schema.const] : [];
  if (values.length > 0 && values.every((value) => typeof value === "string")) return "string";
  if (values.length > 0 && values.every((value) => typeof value === "number")) return "number";
  return "json";
}
