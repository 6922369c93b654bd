/** What the daemon and a command worker say to each other over the worker's IPC channel. */
import type { ExecutionError } from "@gantry/contract";

export interface DescribeMessage {
  type: "describe";
  files: string[];
}

export interface RunMessage {
  type: "run";
  executionId: string;
  attempt: number;
  /** Absolute path of the module that exports the command. */
  file: string;
  command: string;
  input: Record<string, unknown>;
  cwd: string;
  /** Added to the worker's own environment for this execution. */
  env: Record<string, string>;
}

export interface AbortMessage {
  type: "abort";
  reason: "cancelled" | "timedOut";
}

export type ToWorker = DescribeMessage | RunMessage | AbortMessage;

export interface DescribedCommand {
  name: string;
  summary: string;
  positionals: string[];
  timeoutMs: number | undefined;
  /** Queue, limits, and retries, as the definition has them; the daemon checks them. */
  policy: unknown;
  inputSchema: Record<string, unknown>;
  cache: unknown;
}

export interface ModuleReport {
  file: string;
  commands: DescribedCommand[];
  /** The module and every file it imports that is not in a node_modules folder: a change of one means another code version. */
  files: string[];
  /** Why it could not be loaded, or which of its exports was left out. */
  problem: string | undefined;
}

export type FromWorker =
  | { type: "ready" }
  | { type: "described"; reports: ModuleReport[] }
  | { type: "progress"; done: number; total: number | null; text: string }
  | {
      type: "done";
      /** JSON text; undefined when it failed. */
      result: string | undefined;
      error: ExecutionError | undefined;
      exitCode: number;
      /** Why the worker must not run anything more. */
      spent: string | undefined;
      /** Processes were or may have been started, of which some may have left the worker's group. */
      mayHaveLeft: boolean;
    };
