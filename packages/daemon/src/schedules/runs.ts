/** What this room needs of executions; the composition root supplies it. */
import type { CreateScheduleInput, EndedState, ExecutionError } from "@gantry/contract";

import type { Caller } from "../core/caller.ts";

export type RunRequest = Pick<
  CreateScheduleInput,
  "command" | "input" | "argv" | "cwd" | "env" | "timeoutMs" | "priority" | "queue" | "tags"
>;

export interface EndedRun {
  state: EndedState;
  endedAtMs: number;
  error: ExecutionError | null;
}

/** Of a request, in the form in which it was given if nothing of it is secret. */
export interface ShownInput {
  input: Record<string, unknown> | null;
  argv: string[] | null;
}

export interface Runs {
  /** Throws what submitting would throw about the request: notFound, invalidArgument, permissionDenied. */
  check(request: RunRequest, caller: Caller): Promise<void>;
  /** Resolves when it is durable. Submitting the same id again is the same execution and not a second one. */
  submit(id: string, request: RunRequest, owner: string): Promise<void>;
  /** What may be shown of a request. */
  conceal(request: Pick<RunRequest, "command" | "input" | "argv">): Promise<ShownInput>;
  exists(id: string): Promise<boolean>;
  /** Resolves when it has ended and its outcome is stored. */
  ended(id: string): Promise<EndedRun>;
  /** Resolves when it has ended. */
  cancel(id: string): Promise<void>;
}
