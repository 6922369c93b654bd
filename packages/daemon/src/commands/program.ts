/** Program commands: an argument array with `{field}` placeholders. No value ever reaches a shell or becomes more than one argument. */
import { resolve } from "node:path";

import type { JsonSchema, ProgramCommand } from "@gantry/contract";

import type { Definition } from "./definition.ts";

const placeholder = /\{([A-Za-z][A-Za-z0-9_]*)\}/g;

/** Throws an error that names the placeholder that has no field. */
export function programDefinition(name: string, program: ProgramCommand, source: string, baseDirectory: string): Definition {
  const used = [...new Set(program.argv.flatMap((word) => [...word.matchAll(placeholder)].map((match) => match[1] as string)))];
  const unknown = used.find((field) => !(field in program.input));
  if (unknown !== undefined) {
    throw new Error(`argv uses {${unknown}}, but input has no field ${unknown}; add it to [command.${name}] input`);
  }
  return {
    name,
    kind: "program",
    summary: program.summary,
    source,
    inputSchema: inputSchema(program.input),
    positionals: used,
    timeoutMs: program.timeoutMs,
    target: {
      kind: "program",
      argvTemplate: program.argv,
      cwd: program.cwd === undefined ? undefined : resolve(baseDirectory, program.cwd),
      env: program.env,
    },
  };
}

function inputSchema(fields: ProgramCommand["input"]): JsonSchema {
  const entries = Object.entries(fields).map(([name, field]) => {
    // A switch that nobody sets is off.
    const withDefault = field.type === "boolean" ? { default: false, ...field } : field;
    return [name, Object.fromEntries(Object.entries(withDefault).filter(([, value]) => value !== undefined))] as const;
  });
  return {
    type: "object",
    properties: Object.fromEntries(entries),
    required: entries.filter(([, field]) => field.default === undefined).map(([name]) => name),
    additionalProperties: false,
  };
}

/** Fills the template. Values stay inside their argument, whatever characters they hold. */
export function expandArgv(template: readonly string[], input: Readonly<Record<string, unknown>>): string[] {
  return template.map((word) =>
    word.replaceAll(placeholder, (whole, field: string) => (Object.hasOwn(input, field) ? String(input[field]) : whole)),
  );
}
