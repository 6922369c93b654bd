/** The client as people use it: every operation of the contract, and short forms for the daily ones. */
import type {
  CommandSummary,
  ExecuteEvent,
  executionOperations,
  ExecutionResult,
  Health,
  InstanceStatus,
  OperationInput,
} from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";

import { pause } from "./patient-transport.ts";
import type { CallOptions, Transport } from "./transport.ts";
import { createTypedClient, type TypedClient } from "./typed-client.ts";

export type ExecuteRequest = OperationInput<(typeof executionOperations)["execute"]>;

export interface WaitOptions {
  /** 30 seconds unless given. */
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

export interface ClientShortForms {
  health(options?: CallOptions): Promise<Health>;
  status(options?: CallOptions): Promise<InstanceStatus>;
  /** Whether a daemon answers; never rejects because there is none. */
  isRunning(options?: CallOptions): Promise<boolean>;
  /** Resolves as soon as a daemon answers; rejects with deadlineExceeded when none does in time. */
  waitForDaemon(options?: WaitOptions): Promise<Health>;
  /** All of them, sorted by name. */
  listCommands(options?: CallOptions): Promise<CommandSummary[]>;
  /** Resolves when it has ended, however long that takes; that it failed is a result and no error. Going away cancels it. */
  execute(request: ExecuteRequest, options?: CallOptions): Promise<ExecutionResult>;
  /** Everything that happens, from its acceptance to its result. */
  stream(request: ExecuteRequest, options?: CallOptions): AsyncIterable<ExecuteEvent>;
  /** Ends the connection to a local instance, if there is one. A later call connects again. */
  close(): void;
}

export type GantryClient = TypedClient & ClientShortForms;

export interface ClientParts {
  /** With time limits and repeats. */
  transport: Transport;
  /** Without: asks once and tells. */
  direct: Transport;
  close(): void;
}

/** How long a daemon may take to say that it is there. */
const helloTimeoutMs = 1000;
const pollMs = 100;

export function createGantryClient({ transport, direct, close }: ClientParts): GantryClient {
  const rooms = createTypedClient(transport);
  const hello = createTypedClient(direct).instances;

  async function* stream(request: ExecuteRequest, options?: CallOptions): AsyncGenerator<ExecuteEvent> {
    yield* rooms.executions.execute.stream(request, options);
  }

  const shortForms: ClientShortForms = {
    close,
    stream,
    health: (options) => rooms.instances.health({}, options),
    status: (options) => rooms.instances.status({}, options),
    async isRunning(options = {}) {
      try {
        await hello.health({}, { timeoutMs: helloTimeoutMs, ...options });
        return true;
      } catch (error) {
        if (error instanceof GantryError && absent.has(error.code)) return false;
        throw error;
      }
    },
    async waitForDaemon({ timeoutMs = 30_000, signal } = {}) {
      const lastMs = Date.now() + timeoutMs;
      for (;;) {
        try {
          return await hello.health({}, { timeoutMs: helloTimeoutMs, signal });
        } catch (cause) {
          if (!(cause instanceof GantryError) || !absent.has(cause.code)) throw cause;
          if (Date.now() >= lastMs) {
            throw new GantryError("deadlineExceeded", `No daemon answered within ${timeoutMs} ms. ${cause.message}`, { cause });
          }
          await pause(pollMs, { signal }, new GantryError("cancelled", "Waiting for the daemon was cancelled.", { cause }));
        }
      }
    },
    async listCommands(options) {
      const all: CommandSummary[] = [];
      for (let cursor: string | undefined; ;) {
        const page = await rooms.commands.list({ limit: 1000, ...(cursor === undefined ? {} : { cursor }) }, options);
        all.push(...page.items);
        cursor = page.nextCursor;
        if (cursor === undefined) return all;
      }
    },
    async execute(request, options) {
      try {
        return await rooms.executions.execute(request, options);
      } catch (error) {
        if (!(error instanceof GantryError) || error.details?.outcomeUnknown !== true) throw error;
        const message = `The daemon went away before ${request.command} had ended. See what became of it with: gantry history`;
        throw new GantryError("aborted", message, { cause: error });
      }
    },
  };
  return new Proxy(shortForms as GantryClient, { get: (own, name) => (Object.hasOwn(own, name) ? own : rooms)[name as keyof TypedClient] });
}

const absent = new Set(["unavailable", "deadlineExceeded", "aborted"]);
