/** Defines commands: what a module named by `[commands] modules` exports for Gantry's workers to run. */
import type { z } from "zod";

import type { CommandContext, CommandDefinition, CommandPolicy } from "../routing/definition.ts";

export type { CommandContext, CommandDefinition, CommandPolicy } from "../routing/definition.ts";
export { daemonCommand, type DaemonCommandOptions, type DaemonFunction } from "./daemon-command.ts";
export { daemonGroup, type DaemonGroup, type DaemonGroupOptions } from "./daemon-group.ts";

export interface CommandOptions<Input extends z.ZodObject> extends CommandPolicy {
  /** What people type after `gantry run`. */
  name: string;
  /** One line for lists and for the usage text. */
  summary: string;
  /** Fields become options: `dryRun: z.boolean()` is `--dry-run` and `--no-dry-run`. */
  input?: Input;
  /** Fields that may be given without their option, in this order. A last field that is an array takes the rest. */
  positionals?: readonly (keyof z.input<Input> & string)[];
  timeoutMs?: number;
  /**
   * Keep its successful results so long and answer the same request with them. The same: input, folder, code of the module and of the files
   * that it imports (packages left out), these variables, and the contents of these files (globs, relative to the folder that it runs in).
   */
  cache?: { ttlMs: number; env?: readonly string[]; files?: readonly string[] };
  /** What it returns must survive JSON; it becomes the execution's `result`. */
  run(input: z.output<Input>, context: CommandContext): unknown;
}

/** Declares a command. Export the value (any export name, or several) from a module that `[commands] modules` names. */
export function defineCommand<const Input extends z.ZodObject = z.ZodObject<Record<string, never>>>(
  options: CommandOptions<Input>,
): CommandDefinition {
  // A misspelt field must be told, not dropped; whoever wants unknown fields says so with z.looseObject.
  const given = options.input;
  const schema = given === undefined || given.def.catchall !== undefined ? given : given.strict();
  return {
    "gantry.command": 1,
    name: options.name,
    summary: options.summary,
    positionals: options.positionals ?? [],
    timeoutMs: options.timeoutMs,
    policy: policyOf(options),
    ...(options.cache === undefined ? {} : { cache: options.cache }),
    // What JSON Schema cannot say (a transform, a refinement) is left to `parse`.
    // By the schema's own method: a program that only calls what this module offers need not load a schema library.
    inputSchema: () => (schema === undefined ? { ...noFields } : schema.toJSONSchema({ io: "input", unrepresentable: "any" })),
    parse(input) {
      if (schema === undefined) return refuseFields(input as Record<string, unknown>);
      const parsed = schema.safeParse(input);
      if (parsed.success) return parsed.data;
      const error = new Error(parsed.error.issues.map((issue) => `${issue.path.join(".") || "input"}: ${issue.message}`).join("; "));
      error.name = "InvalidInput";
      throw error;
    },
    run: (input, context) => options.run(input as z.output<Input>, context),
  };
}

function policyOf({ queue, maxConcurrent, retries, retryDelayMs, retryMaxDelayMs, idempotent }: CommandPolicy): CommandPolicy {
  const given = { queue, maxConcurrent, retries, retryDelayMs, retryMaxDelayMs, idempotent };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

const noFields = { type: "object", properties: {}, additionalProperties: false };

function refuseFields(input: Record<string, unknown>): Record<string, never> {
  const [name] = Object.keys(input);
  if (name === undefined) return {};
  throw Object.assign(new Error(`input: ${name} is given, but this command takes no input`), { name: "InvalidInput" });
}
