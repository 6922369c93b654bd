/** How a worker recognises what a module exports, without either side having the other's code. */

/** How executions of a command wait and are repeated. */
export interface CommandPolicy {
  /** Where they wait unless the caller says otherwise: a `[queue.<name>]` of the configuration, or `default`. */
  queue?: string;
  /** So many at once; more wait, without holding up other commands. */
  maxConcurrent?: number;
  /** Further attempts after one that failed or timed out; 0 unless given. */
  retries?: number;
  /** The longest wait before the first further attempt (1,000 ms); doubles with each, and the wait is any part of it. */
  retryDelayMs?: number;
  /** The longest wait before any further attempt (five minutes). */
  retryMaxDelayMs?: number;
  /** May be run again when nobody knows how far it came: after a crash of Gantry or of its worker. */
  idempotent?: boolean;
}

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
  readonly policy?: CommandPolicy;
  readonly cache?: { ttlMs: number; env?: readonly string[]; files?: readonly string[] };
  /** JSON Schema, draft 2020-12, of what a caller may give. */
  inputSchema(): Record<string, unknown>;
  /** Applies defaults and transforms; throws an error with a message for people. */
  parse(input: unknown): unknown;
  run(input: unknown, context: CommandContext): unknown;
  /** Called once before the first run: loads what is loaded late otherwise, so that the worker is warm and knows which files matter. */
  warm?(): unknown;
}

/** Under this symbol, things that have a shape of their own (functions, classes, programs) carry one definition or several. */
export const carried = Symbol.for("gantry.command");

export function carry(carrier: object, definitions: CommandDefinition | readonly CommandDefinition[]): void {
  Object.defineProperty(carrier, carried, { value: definitions, configurable: true });
}

export interface RoutedDefinition {
  name: string;
  summary: string | undefined;
  timeoutMs: number | undefined;
  /** import.meta.url of the defining module. The daemon refuses a call for another module's command of the same name. */
  module: string | undefined;
  warm?: (() => unknown) | undefined;
  run(input: RoutedInput, context: CommandContext): unknown;
}

/** What is sent. `routed` is the wrapper's own part. */
export interface RoutedInput {
  args?: unknown[];
  routed?: { module?: string; v8?: string; script?: string };
}

/** A command whose input is a list of arguments. */
export function routedDefinition({ module, run, warm, ...own }: RoutedDefinition): CommandDefinition {
  const routed = {
    type: "object",
    description: "Set by the routing wrapper; leave it out",
    properties: {
      module: module === undefined ? { type: "string" } : { const: module },
      v8: { type: "string" },
      script: { type: "string" },
    },
    additionalProperties: false,
  };
  return {
    "gantry.command": 1,
    name: own.name,
    summary: own.summary ?? "",
    positionals: ["args"],
    timeoutMs: own.timeoutMs,
    inputSchema: () => ({
      type: "object",
      properties: { args: { type: "array", items: {}, description: "Its arguments, in order" }, routed },
      additionalProperties: false,
    }),
    parse: (input) => input,
    run: (input, context) => run(input as RoutedInput, context),
    ...(warm === undefined ? {} : { warm }),
  };
}
