/** What this room needs of executions; the composition root supplies it. */
import type { BatchItemInput, EndedState, ExecutionError } from "@gantry/contract";

import type { Caller } from "../core/caller.ts";

export type RunRequest = Omit<BatchItemInput, "id" | "needs">;

export interface EndedRun {
  state: EndedState;
  endedAtMs: number;
  error: ExecutionError | null;
}

export interface Runs {
  /** Throws what submitting would throw about the request: notFound, invalidArgument, permissionDenied. */
  check(request: RunRequest, caller: Caller): Promise<void>;
  /** Resolves when it is durable. Submitting the same id again is the same execution and not a second one. */
  submit(id: string, request: RunRequest, owner: string): Promise<void>;
  /** Resolves when it has ended and its outcome is stored. */
  ended(id: string): Promise<EndedRun>;
  /** Resolves when it has ended. */
  cancel(id: string): Promise<void>;
}
