/** Program commands: an argument array with `{field}` placeholders. No value ever reaches a shell or becomes more than one argument. */
import { hash } from "node:crypto";
import { resolve } from "node:path";

import { CommandPolicy, type JsonSchema, type ProgramCommand } from "@gantry/contract";

import type { Definition } from "./definition.ts";

const placeholder = /\{([A-Za-z][A-Za-z0-9_]*)\}/g;

/** Throws an error that names the placeholder that has no field. */
export function programDefinition(name: string, program: ProgramCommand, source: string, baseDirectory: string): Definition {
  const used = [...new Set(program.argv.flatMap((word) => [...word.matchAll(placeholder)].map((match) => match[1] as string)))];
  const unknown = used.find((field) => !(field in program.input));
  if (unknown !== undefined) {
    throw new Error(`argv uses {${unknown}}, but input has no field ${unknown}; add it to [command.${name}] input`);
  }
  const secret = used.find((field) => program.input[field]?.secret === true);
  if (secret !== undefined) {
    throw new Error(
      `argv uses {${secret}}, which is secret, but every program on this machine can read the arguments of others; give it by env = { NAME = "{${secret}}" }`,
    );
  }
  return {
    name,
    kind: "program",
    summary: program.summary,
    source,
    inputSchema: inputSchema(program.input),
    positionals: used,
    timeoutMs: program.timeoutMs,
    policy: CommandPolicy.strip().parse(program),
    cache: cacheOf(program),
    target: {
      kind: "program",
      argvTemplate: program.argv,
      cwd: program.cwd === undefined ? undefined : resolve(baseDirectory, program.cwd),
      env: program.env,
    },
  };
}

function cacheOf({ cacheTtlMs: ttlMs, cacheFiles: files = [], cacheEnv: env = [], ...program }: ProgramCommand): Definition["cache"] {
  if (ttlMs === undefined) {
    if (files.length + env.length > 0) throw new Error("cacheFiles and cacheEnv need cacheTtlMs: how long a result is kept");
    return undefined;
  }
  const { argv, env: variables, input } = program;
  return { ttlMs, files, env, version: hash("sha256", JSON.stringify({ argv, variables, input }), "base64url") };
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

/** Fills the values of the environment in the same way. What is no field of the input stays as it is. */
export function expandEnvironment(template: Readonly<Record<string, string>>, input: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(Object.entries(template).map(([name, value]) => [name, expandArgv([value], input)[0] as string]));
}

/** Fills the template. Values stay inside their argument, whatever characters they hold. */
export function expandArgv(template: readonly string[], input: Readonly<Record<string, unknown>>): string[] {
  return template.map((word) =>
    word.replaceAll(placeholder, (whole, field: string) => (Object.hasOwn(input, field) ? String(input[field]) : whole)),
  );
}
