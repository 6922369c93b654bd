/** Finds the secret values of an input by its schema: `secret` (zod's `.meta({ secret: true })`), `x-secret`, `writeOnly`, or format `password`. */
import type { JsonSchema } from "@gantry/contract";

/** Stands where a secret was. */
export const concealed = "[secret]";

export interface Concealed {
  /** The input with every secret value replaced. */
  shown: Record<string, unknown>;
  /** The secret values, as the texts that they are likely to turn up as. */
  secrets: string[];
}

/** Shorter ones would be found in every second message. */
const shortestSecret = 4;

const marks = /"(?:secret|x-secret|writeOnly)":true|"format":"password"/;

export function isSecret(schema: JsonSchema): boolean {
  return schema.secret === true || schema["x-secret"] === true || schema.writeOnly === true || schema.format === "password";
}

/** Undefined when the schema marks nothing as secret, which is known at once. */
export function createConcealer(root: JsonSchema): ((input: Record<string, unknown>) => Concealed) | undefined {
  if (!marks.test(JSON.stringify(root))) return undefined;

  /** A schema with everything that it refers to or is composed of; whatever may apply is taken to apply. */
  const expand = (schema: unknown, seen: Set<unknown> = new Set()): JsonSchema[] => {
    if (typeof schema !== "object" || schema === null || seen.has(schema)) return [];
    seen.add(schema);
    const own = schema as JsonSchema;
    const parts = [own.allOf, own.anyOf, own.oneOf, own.if, own.then, own.else, refOf(own, root)].flat();
    return [own, ...parts.flatMap((part) => expand(part, seen))];
  };

  return (input) => {
    const secrets = new Set<string>();
    const collect = (value: unknown) => {
      if (typeof value === "object" && value !== null) Object.values(value).forEach(collect);
      else if (String(value).length >= shortestSecret) secrets.add(String(value));
    };
    const walk = (value: unknown, schemas: JsonSchema[]): unknown => {
      if (value === null || value === undefined) return value;
      if (schemas.some(isSecret)) {
        collect(value);
        return concealed;
      }
      const below = (choose: (schema: JsonSchema) => unknown[]) => schemas.flatMap(choose).flatMap((schema) => expand(schema));
      if (Array.isArray(value)) {
        return value.map((item, index) =>
          walk(
            item,
            below(({ items, prefixItems }) => [items, (prefixItems as unknown[] | undefined)?.[index]]),
          ),
        );
      }
      if (typeof value !== "object") return value;
      return Object.fromEntries(
        Object.entries(value).map(([name, inner]) => {
          const schemasOf = below(({ properties, additionalProperties, patternProperties }) => [
            propertyOf(properties, name),
            additionalProperties,
            ...Object.values((patternProperties as object | undefined) ?? {}),
          ]);
          return [name, walk(inner, schemasOf)];
        }),
      );
    };
    return { shown: walk(input, expand(root)) as Record<string, unknown>, secrets: [...secrets] };
  };
}

function propertyOf(properties: unknown, name: string): unknown {
  return typeof properties === "object" && properties !== null && Object.hasOwn(properties, name)
    ? (properties as JsonSchema)[name]
    : undefined;
}

function refOf({ $ref }: JsonSchema, root: JsonSchema): unknown {
  if (typeof $ref !== "string" || !$ref.startsWith("#")) return undefined;
  const parts = $ref.slice(1).split("/").filter(Boolean);
  return parts.reduce<unknown>((node, part) => propertyOf(node, part.replaceAll("~1", "/").replaceAll("~0", "~")), root);
}
