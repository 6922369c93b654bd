/** Compiles a method's JSON Schema into a check whose refusals name the path and the rule. */
import { type MethodSchema, GantryError } from "@gantry/contract";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { LRUCache } from "lru-cache";

/** Throws invalidArgument when the params do not fit. */
export type CheckParams = (params: unknown, where: string) => void;

// Instances of one provider, and providers made from one template, share their compiled schemas.
const compiled = new LRUCache<string, CheckParams>({ max: 2_000 });

/** A schema document above this is a mistake or an attack: compiling it would hold up everybody. */
const maxSchemaCharacters = 256 * 1024;

/** Throws an Error that says why the schema cannot be used. */
export function compileMethodSchema(schema: MethodSchema): CheckParams {
  const text = JSON.stringify(schema);
  const known = compiled.get(text);
  if (known) return known;
  if (text.length > maxSchemaCharacters) throw new Error(`it is larger than ${maxSchemaCharacters} characters`);
  const validate = compile(schema);
  probe(validate);
  const check: CheckParams = (params, where) => {
    if (validate(params)) return;
    throw refusal(validate.errors?.[0], where);
  };
  compiled.set(text, check);
  return check;
}

// A provider's pattern must not run on the daemon's thread: `(a+)+$` would stop every other call. The provider checks it itself.
const passEveryPattern = Object.assign(() => ({ test: () => true }), { code: "passEveryPattern" });

const engines = new Map<boolean, Ajv>();

function compile(schema: MethodSchema): ValidateFunction {
  if (typeof schema === "boolean") return engineFor(false, false).compile(schema);
  const { $schema, ...document } = schema;
  const isOlder = typeof $schema === "string" && /draft-0[67]/.test($schema);
  const engine = engineFor(isOlder, JSON.stringify(document).includes('"$id"'));
  try {
    return engine.compile(document);
  } catch (error) {
    throw endless(error);
  } finally {
    // The check lives in our cache; the engine would keep every schema it ever saw.
    engine.removeSchema(document);
  }
}

/** Making an engine takes milliseconds, so one serves all, except documents with an $id: two may carry the same one with other contents. */
function engineFor(isOlder: boolean, alone: boolean): Ajv {
  const known = engines.get(isOlder);
  if (known && !alone) return known;
  const engine = new (isOlder ? Ajv : Ajv2020)({ strict: false, logger: false, code: { regExp: passEveryPattern } });
  addFormats.default(engine, { mode: "fast" });
  if (!alone) engines.set(isOlder, engine);
  return engine;
}

/** Finds a schema that refers to itself without end, which only shows when it is used. */
function probe(validate: ValidateFunction): void {
  try {
    for (const value of [null, {}, [], "", 0]) validate(value);
  } catch (error) {
    throw endless(error);
  }
}

/** Such a schema overflows the stack of whoever follows it, the compiler or its check. */
function endless(error: unknown): unknown {
  return error instanceof RangeError ? new Error("it refers to itself without end", { cause: error }) : error;
}

function refusal(error: ErrorObject | undefined, where: string): GantryError {
  const path = `params${error?.instancePath ?? ""}`;
  const rule = error?.keyword ?? "schema";
  const extra = error?.params as { additionalProperty?: string } | undefined;
  const message = `${error?.message ?? "does not fit"}${extra?.additionalProperty === undefined ? "" : ` ("${extra.additionalProperty}")`}`;
  return new GantryError("invalidArgument", `${where}: ${path} ${message} (rule ${rule}). Nothing was sent to the provider.`, {
    details: { issues: [{ path, rule, message }] },
  });
}
