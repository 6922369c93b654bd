/** Sends one call through the daemon: first whether it answers, then the call, then its output and outcome. Needs node:net only. */
import { debuglog } from "node:util";

import type { ExecuteEvent, ExecutionResult } from "@gantry/contract";
import { type ErrorCode, GantryError } from "@gantry/contract/errors";

import { connectControl, type ControlConnection } from "../node/control-connection.ts";
import { chooseInstance, localPaths } from "../node/discovery.ts";
import { callerEnvironment } from "./environment.ts";
import { passOn } from "./pass-on.ts";

export interface RoutedCall {
  command: string;
  input: Record<string, unknown>;
  /** Limit of the execution, instead of the command's own. */
  timeoutMs?: number | undefined;
  /** Cancels the execution; the outcome then says so. */
  signal?: AbortSignal | undefined;
}

/** `refused`: certainly nothing was run. */
export type Routed = { refused: GantryError } | { result: ExecutionResult };

export const trace = debuglog("gantry");

/** A daemon that is this slow to say hello is in trouble; the program works without it. */
const helloTimeoutMs = 1000;

/** What the daemon says before it accepts anything. Any other failure may have come after acceptance. */
const refusals: readonly ErrorCode[] = [
  "invalidArgument",
  "unauthenticated",
  "permissionDenied",
  "notFound",
  "conflict",
  "payloadTooLarge",
  "resourceExhausted",
  "unavailable",
  "unimplemented",
];

/** Rejects when the outcome cannot be known: the call must then not be made a second time. */
export async function route(call: RoutedCall): Promise<Routed> {
  let connection: ControlConnection | undefined;
  try {
    try {
      connection = await connectControl(localPaths(chooseInstance()).controlSocket);
      await connection.call("instances.health", {}, { timeoutMs: helloTimeoutMs });
    } catch (error) {
      return { refused: error as GantryError };
    }
    return await execute(connection, call);
  } finally {
    connection?.close();
  }
}

async function execute(connection: ControlConnection, { command, input, timeoutMs, signal }: RoutedCall): Promise<Routed> {
  const request = { command, input, cwd: process.cwd(), env: callerEnvironment(process.env), timeoutMs };
  let executionId: string | undefined;
  const cancel = () => void connection.call("executions.cancel", { id: executionId }).catch(() => undefined);
  try {
    for await (const event of connection.stream("executions.execute", request) as AsyncIterable<ExecuteEvent>) {
      if (event.type === "accepted") {
        ({ executionId } = event);
        trace("%s was accepted as %s", command, executionId);
        if (signal?.aborted === true) cancel();
        else signal?.addEventListener("abort", cancel, { once: true });
      } else if (event.type === "output") await passOn(event);
      else if (event.type === "result") return { result: event.result };
    }
    throw new GantryError("aborted", "The daemon ended the conversation without a result.");
  } catch (error) {
    if (executionId === undefined && error instanceof GantryError && refusals.includes(error.code)) return { refused: error };
    throw lost(command, executionId, error);
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}

function lost(command: string, executionId: string | undefined, cause: unknown): GantryError {
  const next =
    executionId === undefined ? "See whether it ran with: gantry history" : `See what became of it with: gantry show ${executionId}`;
  const text = `The daemon went away before it told how ${command} ended. It was not run a second time. ${next}`;
  return new GantryError("aborted", text, { cause, ...(executionId === undefined ? {} : { details: { executionId } }) });
}
