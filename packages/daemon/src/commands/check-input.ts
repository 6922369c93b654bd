/** Holds an input, given as JSON or as command-line words, against the command's schema before anything is accepted. */
import { GantryError } from "@gantry/contract";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

import { nearest } from "../core/nearest.ts";
import { parseArgv } from "./argv.ts";
import type { Definition } from "./definition.ts";
import { type Field, fieldsOf, toOption } from "./fields.ts";
import { type Issue, quote } from "./issue.ts";
import { concealed, type Concealed, createConcealer } from "./secrets.ts";
import { usageText } from "./usage.ts";

// Not strict: schemas come from other libraries and may use words that Ajv does not know.
const ajv = addFormats.default(new Ajv2020({ allErrors: true, strict: false, useDefaults: true, verbose: true, logger: false }));

interface Compiled {
  fields: Field[];
  validate: ValidateFunction;
  /** Undefined: nothing of it is secret. */
  conceal: ReturnType<typeof createConcealer>;
}
const compiled = new WeakMap<Definition, Compiled>();

/** Throws an error that says why when the schema itself is not valid. */
export function compileInput(definition: Definition): Compiled {
  let known = compiled.get(definition);
  if (known === undefined) {
    // Compiled without its $id, of which Ajv would refuse a second one after a reload.
    const { $id: _, ...schema } = definition.inputSchema;
    known = { fields: fieldsOf(schema), validate: ajv.compile(schema), conceal: createConcealer(schema) };
    compiled.set(definition, known);
  }
  return known;
}

export interface GivenInput {
  input?: Record<string, unknown> | undefined;
  argv?: readonly string[] | undefined;
}

/** A program's values become arguments and variables, which the system ends at their first NUL. */
function refuseNul(definition: Definition, input: Readonly<Record<string, unknown>>): void {
  if (definition.kind !== "program") return;
  const wrong = Object.keys(input).filter((field) => typeof input[field] === "string" && input[field].includes("\0"));
  if (wrong.length === 0) return;
  throw refusal(
    definition,
    wrong.map((path) => ({ path, message: `${path} must not contain NUL characters` })),
  );
}

/** The input with defaults filled in, or invalidArgument with `{usage, issues, suggestions}` in its details. */
export function checkInput(definition: Definition, given: GivenInput): Record<string, unknown> {
  if (given.input !== undefined && given.argv !== undefined) {
    throw new GantryError("invalidArgument", "Give either input (JSON) or argv (command-line words), not both. Nothing was run.");
  }
  const { fields, validate, conceal } = compileInput(definition);
  const shownOf = (input: Record<string, unknown>) => (conceal === undefined ? undefined : conceal(input).shown);
  if (given.argv === undefined) {
    const input = given.input ?? {};
    if (!validate(input))
      throw refusal(
        definition,
        describe(validate.errors ?? [], fields, (path) => path || "the input", shownOf(input)),
      );
    refuseNul(definition, input);
    return input;
  }
  const { input, issues } = parseArgv(given.argv, fields, definition.positionals);
  if (!validate(input)) {
    const told = new Set(issues.map((issue) => issue.path));
    const shown = (path: string) => (path === "" ? "the input" : `--${toOption(path)}`);
    issues.push(...describe(validate.errors ?? [], fields, shown, shownOf(input)).filter((issue) => !told.has(issue.path)));
  }
  if (issues.length > 0) throw refusal(definition, issues);
  refuseNul(definition, input);
  return input;
}

function refusal(definition: Definition, issues: Issue[]): GantryError {
  const suggestions = issues.flatMap((issue) => issue.suggestions ?? []);
  const text = issues.map((issue) => issue.message).join("; ");
  return new GantryError("invalidArgument", `${definition.name}: ${text}${text.endsWith("?") ? "" : "."} Nothing was run.`, {
    details: { usage: usageText(definition), issues, suggestions },
  });
}

/** What may be shown of an input, and what must not turn up anywhere. Undefined when nothing of it is secret. */
export function concealInput(definition: Definition, input: Record<string, unknown>): Concealed | undefined {
  return compileInput(definition).conceal?.(input);
}

/** One issue a field: of a union's many complaints the first is enough. `shownInput`: the input without its secrets, if it may have any. */
function describe(
  errors: readonly ErrorObject[],
  fields: readonly Field[],
  shown: (path: string) => string,
  shownInput: Record<string, unknown> | undefined,
): Issue[] {
  const issues = new Map<string, Issue>();
  for (const error of errors) {
    const given = shownInput === undefined ? error.data : valueAt(shownInput, error.instancePath);
    const issue = toIssue(error, fields, shown, given);
    if (!issues.has(issue.path)) issues.set(issue.path, issue);
  }
  return [...issues.values()];
}

/** What is inside a secret is that secret. */
function valueAt(input: unknown, instancePath: string): unknown {
  return pathOf(instancePath).reduce((value, part) => {
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[part] : concealed;
  }, input);
}

function pathOf(instancePath: string): string[] {
  const parts = instancePath.split("/").slice(1);
  return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function toIssue(error: ErrorObject, fields: readonly Field[], shown: (path: string) => string, given: unknown): Issue {
  const at = pathOf(error.instancePath).join(".");
  const inside = (name: string) => (at === "" ? name : `${at}.${name}`);
  const params = error.params as Record<string, unknown>;
  if (error.keyword === "required") {
    const path = inside(String(params.missingProperty));
    return { path, message: `${shown(path)} is required` };
  }
  if (error.keyword === "additionalProperties" || error.keyword === "unevaluatedProperties") {
    const name = String(params.additionalProperty ?? params.unevaluatedProperty);
    const known = at === "" ? fields.map((field) => field.name) : [];
    const suggestions = nearest(name, known).slice(0, 1);
    const hint = suggestions.length > 0 ? `: did you mean ${suggestions[0]}?` : known.length > 0 ? `; known: ${known.join(", ")}` : "";
    return { path: inside(name), message: `unknown field ${quote(name)}${hint}`, suggestions };
  }
  const allowed =
    error.keyword === "enum"
      ? `must be one of ${(params.allowedValues as unknown[]).map((value) => quote(value)).join(", ")}`
      : error.keyword === "const"
        ? `must be ${quote(params.allowedValue)}`
        : error.message;
  return { path: at, message: `${shown(at)} ${allowed}, but ${given === concealed ? concealed : quote(given)} was given` };
}
