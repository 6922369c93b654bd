/** Carries JavaScript values through JSON: as they are where JSON can hold them, else as V8's structured clone. */
import { deserialize, serialize } from "node:v8";

/** `{}` is undefined. */
export interface EncodedValue {
  value?: unknown;
  /** Base64 of node:v8's serialize: dates, maps, sets, bigints, buffers, errors, cycles. */
  v8?: string;
}

/** Throws for what cannot leave a process, such as a function. */
export function encodeValue(value: unknown): EncodedValue {
  if (value === undefined) return {};
  if (isJson(value, 0)) return { value };
  return { v8: serialize(value).toString("base64") };
}

export function decodeValue({ value, v8 }: EncodedValue): unknown {
  return v8 === undefined ? value : deserialize(Buffer.from(v8, "base64"));
}

/** Deeper than any data that a person reads; also ends the search in a cycle. */
const deepestJson = 100;

/** True when JSON.parse(JSON.stringify(value)) is the same value. */
function isJson(value: unknown, depth: number): boolean {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0);
  if (typeof value !== "object" || depth > deepestJson) return false;
  if (Array.isArray(value)) {
    // Holes are left out by Object.keys.
    return Object.keys(value).length === value.length && value.every((item) => isJson(item, depth + 1));
  }
  if (!isPlain(value) || Object.getOwnPropertySymbols(value).length > 0) return false;
  return Object.entries(value).every(([name, item]) => name !== "toJSON" && name !== "__proto__" && isJson(item, depth + 1));
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const cloneable = [Date, RegExp, Error, ArrayBuffer, Map, Set, Boolean, String, Number];

/** False for functions, symbols, and instances of somebody's class, which would arrive as something else than was given. */
export function isCloneable(value: unknown, seen = new Set<unknown>()): boolean {
  if (typeof value === "function" || typeof value === "symbol") return false;
  if (typeof value !== "object" || value === null || seen.has(value)) return true;
  seen.add(value);
  const inside = (items: Iterable<unknown>) => [...items].every((item) => isCloneable(item, seen));
  if (value instanceof Map) return inside(value.keys()) && inside(value.values());
  if (value instanceof Set || Array.isArray(value)) return inside(value);
  if (ArrayBuffer.isView(value) || cloneable.some((known) => value instanceof known)) return true;
  return isPlain(value) && inside(Object.values(value));
}
