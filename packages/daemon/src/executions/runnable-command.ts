/** What this room must know of a command; the room `commands` supplies it. */
import type { CommandPolicy } from "@gantry/contract";

import type { Target } from "./live-execution.ts";

export interface RunnableCommand {
  name: string;
  kind: "function" | "program";
  timeoutMs: number;
  policy: CommandPolicy & { queue: string };
  /** Where it runs unless the caller says otherwise. */
  cwd: string;
  /** Throws invalidArgument. */
  checkInput(given: { input?: Record<string, unknown> | undefined; argv?: readonly string[] | undefined }): Record<string, unknown>;
  /** What may be shown of an input, and the values that must not turn up anywhere; undefined when nothing of it is secret. */
  conceal(input: Record<string, unknown>): { shown: Record<string, unknown>; secrets: string[] } | undefined;
  /** Undefined: its results are not kept. `version` changes with its code. */
  cache: { ttlMs: number; files: readonly string[]; env: readonly string[]; version: string } | undefined;
  target(input: Record<string, unknown>): Target;
}

/** Throws notFound. */
export type FindCommand = (name: string) => Promise<RunnableCommand>;
