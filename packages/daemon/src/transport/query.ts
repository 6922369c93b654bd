/** Gives query text the types that the operation's schema expects, so that one schema serves every transport. */
import type { z } from "zod";

/** Text that does not fit is passed on as it is, and the schema's own message tells what is wrong with it. */
export function coerceQuery(input: z.ZodObject, query: Record<string, unknown>): Record<string, unknown> {
  const coerced: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(query)) {
    const schema = input.shape[key];
    coerced[key] = schema === undefined ? value : coerce(schema, value);
  }
  return coerced;
}

interface Definition {
  type: string;
  innerType?: z.ZodType;
  element?: z.ZodType;
  options?: z.ZodType[];
}

function coerce(schema: unknown, value: unknown): unknown {
  const { type, innerType, element, options } = (schema as { _zod: { def: Definition } })._zod.def;
  if (innerType !== undefined) return coerce(innerType, value);
  switch (type) {
    case "number":
      return typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
    case "boolean":
      return value === "true" ? true : value === "false" ? false : value;
    case "array":
      return (Array.isArray(value) ? value : [value]).map((item) => coerce(element, item));
    case "union":
      // A repeated parameter is meant for the array among the choices.
      return Array.isArray(value)
        ? value
        : coerce(
            options?.find((option) => (option as unknown as { _zod: { def: Definition } })._zod.def.type !== "array"),
            value,
          );
    default:
      return value;
  }
}
