/** Defines commands: what a module named by `[commands] modules` exports for Gantry's workers to run. */
import { z } from "zod";

/** What a running command knows and may use. Standard output and error are the process's own: print as usual. */
export interface CommandContext {
  /** Aborted when the execution is cancelled or its time is over; the process is killed a little later. */
  readonly signal: AbortSignal;
  /** Writes one line to standard error, where it does not mix with the data on standard output. */
  readonly log: (message: string) => void;
  /** Reports how far the work is. `total` undefined or null: not known. */
  readonly progress: (done: number, total?: number | null, text?: string) => void;
  /** The folder that the execution runs in; also `process.cwd()`. */
  readonly cwd: string;
  /** The environment of the execution; also `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly executionId: string;
  /** 1 for the first try. */
  readonly attempt: number;
}

export interface CommandOptions<Input extends z.ZodObject> {
  /** What people type after `gantry run`. */
  name: string;
  /** One line for lists and for the usage text. */
  summary: string;
  /** Fields become options: `dryRun: z.boolean()` is `--dry-run` and `--no-dry-run`. */
  input?: Input;
  /** Fields that may be given without their option, in this order. A last field that is an array takes the rest. */
  positionals?: readonly (keyof z.input<Input> & string)[];
  timeoutMs?: number;
  /** What it returns must survive JSON; it becomes the execution's `result`. */
  run(input: z.output<Input>, context: CommandContext): unknown;
}

/**
 * The shape that a worker recognises by its brand and uses without knowing any schema library, so that a module and the daemon may have
 * different versions of everything.
 */
export interface CommandDefinition {
  readonly "gantry.command": 1;
  readonly name: string;
  readonly summary: string;
  readonly positionals: readonly string[];
  readonly timeoutMs: number | undefined;
  /** JSON Schema, draft 2020-12, of what a caller may give. */
  inputSchema(): Record<string, unknown>;
  /** Applies defaults and transforms; throws an error with a message for people. */
  parse(input: unknown): unknown;
  run(input: unknown, context: CommandContext): unknown;
}

/** Declares a command. Export the value (any export name, or several) from a module that `[commands] modules` names. */
export function defineCommand<const Input extends z.ZodObject = z.ZodObject<Record<string, never>>>(
  options: CommandOptions<Input>,
): CommandDefinition {
  // A misspelt field must be told, not dropped; whoever wants unknown fields says so with z.looseObject.
  const given = options.input ?? z.object({});
  const schema = given.def.catchall === undefined ? given.strict() : given;
  return {
    "gantry.command": 1,
    name: options.name,
    summary: options.summary,
    positionals: options.positionals ?? [],
    timeoutMs: options.timeoutMs,
    // What JSON Schema cannot say (a transform, a refinement) is left to `parse`.
    inputSchema: () => z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }),
    parse(input) {
      const parsed = schema.safeParse(input);
      if (parsed.success) return parsed.data;
      const error = new Error(parsed.error.issues.map((issue) => `${issue.path.join(".") || "input"}: ${issue.message}`).join("; "));
      error.name = "InvalidInput";
      throw error;
    },
    run: (input, context) => options.run(input as z.output<Input>, context),
  };
}
