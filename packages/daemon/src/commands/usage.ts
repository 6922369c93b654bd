/** Writes the usage text of a command from its schema. */
import { expected } from "./argv.ts";
import type { Definition } from "./definition.ts";
import { type Field, fieldsOf } from "./fields.ts";

export function usageText(definition: Pick<Definition, "name" | "summary" | "inputSchema" | "positionals">): string {
  const fields = fieldsOf(definition.inputSchema);
  const byName = new Map(fields.map((field) => [field.name, field]));
  const words = definition.positionals.map((name) => {
    const field = byName.get(name);
    const shown = `<${name}>${field?.many === true ? "…" : ""}`;
    return field?.required === true ? shown : `[${shown}]`;
  });
  const lines = [`Usage: gantry run ${[definition.name, ...(fields.length > 0 ? ["[options]"] : []), ...words].join(" ")}`];
  if (definition.summary !== "") lines.push("", definition.summary);
  if (fields.length > 0) {
    const rows = fields.map((field) => [optionWords(field), notes(field)] as const);
    const width = Math.max(...rows.map(([option]) => option.length));
    lines.push("", "Options:", ...rows.map(([option, text]) => `  ${option.padEnd(width)}  ${text}`.trimEnd()));
  }
  return `${lines.join("\n")}\n`;
}

function optionWords(field: Field): string {
  if (field.kind === "boolean" && !field.many) return `--[no-]${field.option}`;
  const value =
    field.allowed === undefined ? { string: "text", number: "number", boolean: "true|false", json: "json" }[field.kind] : field.name;
  return `--${field.option} <${value}>${field.many ? "…" : ""}`;
}

function notes(field: Field): string {
  const facts = [];
  if (field.allowed !== undefined) facts.push(expected(field));
  if (field.required) facts.push("required");
  if (field.many) facts.push("may be repeated");
  if (field.secret) facts.push("secret");
  else if (field.defaultValue !== undefined) facts.push(`default ${JSON.stringify(field.defaultValue)}`);
  return [field.description, facts.length > 0 ? `(${facts.join("; ")})` : undefined].filter((part) => part !== undefined).join(" ");
}
