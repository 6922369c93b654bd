/** A command as the daemon knows it: what may be given, and what is run. No user code is reachable from here. */
import type { CommandCache, CommandKind, CommandPolicy, JsonSchema } from "@gantry/contract";

export interface FunctionTarget {
  kind: "function";
  /** Absolute path of the module that a worker loads. */
  file: string;
}

export interface ProgramTarget {
  kind: "program";
  argvTemplate: readonly string[];
  cwd: string | undefined;
  env: Readonly<Record<string, string>>;
}

export interface Definition {
  name: string;
  kind: CommandKind;
  summary: string;
  /** The module or configuration file that defines it. */
  source: string;
  inputSchema: JsonSchema;
  positionals: readonly string[];
  /** Its own limit, or undefined for the instance's default. */
  timeoutMs: number | undefined;
  policy: CommandPolicy;
  /** Undefined: its results are not kept. */
  cache: (CommandCache & { version: string }) | undefined;
  target: FunctionTarget | ProgramTarget;
}
