/** Turns command-line words into a command's input, as the command's own schema says. Pure: what is wrong is returned, not thrown. */
import { nearest } from "../core/nearest.ts";
import type { Field } from "./fields.ts";
import { type Issue, quote } from "./issue.ts";
import { concealed } from "./secrets.ts";

export interface ParsedArgv {
  input: Record<string, unknown>;
  issues: Issue[];
}

/**
 * Follows getopt_long(3) and what commander made usual: `--name Ada`, `--name=Ada`, `--shout`, `--no-shout`, options and positionals in any
 * order, everything after `--` positional. There are no one-letter options, so `-5` is a value.
 */
export function parseArgv(words: readonly string[], fields: readonly Field[], positionals: readonly string[]): ParsedArgv {
  const byOption = new Map<string, Field>();
  for (const field of fields) byOption.set(field.option, field).set(field.name, field);
  const byName = new Map(fields.map((field) => [field.name, field]));
  // A schema may name a field __proto__; on a plain object that would be an assignment of something else.
  const given = new Map<string, unknown>();
  const issues: Issue[] = [];

  const put = (field: Field, word: string, shown: string) => {
    const value = valueOf(field, word);
    if (value === undefined)
      issues.push({
        path: field.name,
        message: `${shown} must be ${expected(field)}, but ${field.secret ? concealed : quote(word)} was given`,
      });
    // Kept even when it is wrong, so that a field is not called missing as well.
    set(field, value === undefined ? word : value, shown);
  };
  const set = (field: Field, value: unknown, shown: string) => {
    if (field.many) given.set(field.name, [...((given.get(field.name) as unknown[] | undefined) ?? []), value]);
    else if (given.has(field.name)) issues.push({ path: field.name, message: `${shown} was given twice` });
    else given.set(field.name, value);
  };

  const rest: string[] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] as string;
    if (word === "--") {
      rest.push(...words.slice(index + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-" || isNumber(word)) {
      rest.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const option = word.slice(0, equals < 0 ? undefined : equals);
    const attached = equals < 0 ? undefined : word.slice(equals + 1);
    const found = findOption(option, byOption);
    if (found === undefined) {
      issues.push(unknownOption(option, fields));
      // Its value, so that it is not called an unexpected argument as well.
      const next = words[index + 1];
      if (attached === undefined && next !== undefined && !next.startsWith("-") && rest.length >= positionals.length) index += 1;
    } else if (found.negated) {
      if (attached === undefined) set(found.field, false, option);
      else issues.push({ path: found.field.name, message: `${option} takes no value; write --${found.field.option}=${attached}` });
    } else if (attached !== undefined) {
      put(found.field, attached, option);
    } else if (found.field.kind === "boolean" && !found.field.many) {
      set(found.field, true, option);
    } else {
      const next = words[index + 1];
      if (
        next === undefined ||
        next === "--" ||
        (next.startsWith("--") && findOption(next.split("=")[0] as string, byOption) !== undefined)
      ) {
        const how = next === undefined || next === "--" ? "" : `; write ${option}=${next} if that is the value`;
        issues.push({ path: found.field.name, message: `${option} needs a value (${expected(found.field)})${how}` });
        given.set(found.field.name, given.get(found.field.name));
      } else {
        index += 1;
        put(found.field, next, option);
      }
    }
  }

  // It may be a secret whose option was misspelt.
  const shownWord = fields.some(({ secret }) => secret) ? () => concealed : quote;
  placePositionals(rest, positionals, byName, given, put, shownWord, issues);
  for (const [name, value] of given) if (value === undefined) given.delete(name);
  return { input: Object.fromEntries(given), issues };
}

function placePositionals(
  rest: readonly string[],
  positionals: readonly string[],
  byName: ReadonlyMap<string, Field>,
  given: ReadonlyMap<string, unknown>,
  put: (field: Field, word: string, shown: string) => void,
  shownWord: (word: string) => string,
  issues: Issue[],
): void {
  // A field given by its option is not waited for again: `greet --name Ada` and `greet Ada` both work.
  const open = positionals.map((name) => byName.get(name)).filter((field) => field !== undefined && !given.has(field.name)) as Field[];
  let at = 0;
  for (const word of rest) {
    const field = open[at];
    if (field === undefined) {
      const takes = positionals.length === 0 ? "takes only options" : `takes ${positionals.map((name) => `<${name}>`).join(" ")}`;
      issues.push({ path: "", message: `unexpected argument ${shownWord(word)}: this command ${takes}` });
      continue;
    }
    put(field, word, `<${field.name}>`);
    if (!field.many) at += 1;
  }
}

function findOption(option: string, byOption: ReadonlyMap<string, Field>): { field: Field; negated: boolean } | undefined {
  if (!option.startsWith("--")) return undefined;
  const name = option.slice(2);
  const field = byOption.get(name);
  if (field !== undefined) return { field, negated: false };
  const positive = name.startsWith("no-") ? byOption.get(name.slice(3)) : undefined;
  return positive?.kind === "boolean" && !positive.many ? { field: positive, negated: true } : undefined;
}

function unknownOption(option: string, fields: readonly Field[]): Issue {
  const names = fields.flatMap((field) => (field.kind === "boolean" ? [field.option, `no-${field.option}`] : [field.option]));
  const suggestions = nearest(option.replace(/^-+/, ""), names)
    .slice(0, 1)
    .map((name) => `--${name}`);
  const hint = suggestions.length > 0 ? `did you mean ${suggestions[0]}?` : "see the usage";
  return { path: option, message: `unknown option ${quote(option)}: ${hint}`, ...(suggestions.length > 0 ? { suggestions } : {}) };
}

function isNumber(word: string): boolean {
  return word.trim() !== "" && Number.isFinite(Number(word));
}

function valueOf(field: Field, word: string): unknown {
  if (field.nullable && word === "null") return null;
  if (field.kind === "string") return word;
  if (field.kind === "number") return isNumber(word) ? Number(word) : undefined;
  if (field.kind === "boolean") return word === "true" ? true : word === "false" ? false : undefined;
  try {
    return JSON.parse(word) as unknown;
  } catch {
    // A union of text and something else: what is not JSON is the text.
    return word;
  }
}

export function expected(field: Field): string {
  if (field.allowed !== undefined) return `one of ${field.allowed.map(String).join(", ")}`;
  return { string: "text", number: "a number", boolean: "true or false", json: "JSON" }[field.kind];
}
