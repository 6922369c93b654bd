/** Gives each call a time limit and repeats what is safe to repeat. */
import { GantryError } from "@gantry/contract/errors";

import type { CallOptions, Transport } from "./transport.ts";

export interface RetryOptions {
  /** Tries in all; 3 unless given, 1 for none. */
  attempts?: number | undefined;
  /** Before the second try; doubled for each one after it, and shortened at random. 50 unless given. */
  delayMs?: number | undefined;
}

export interface PatienceOptions {
  /**
   * Limit of one call. A call that has a limit of its own in its input gets at least that and a little more, and waiting for an execution
   * has none: its own limit ends it.
   */
  timeoutMs?: number | undefined;
  retry?: RetryOptions | false | undefined;
}

export interface Patience extends PatienceOptions {
  /** May be done twice with the same effect as once. Asked only when it matters, because it takes the contract to know. */
  isIdempotent(operation: string): boolean | Promise<boolean>;
}

/** For the answer's way back. */
const answerMarginMs = 5000;

export function createPatientTransport(transport: Transport, { timeoutMs, retry = {}, isIdempotent }: Patience): Transport {
  const { attempts = 3, delayMs = 50 } = retry === false ? { attempts: 1 } : retry;

  const delayBefore = (attempt: number) => delayMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
  const mayRepeat = async (error: unknown, operation: string, input: unknown, options: CallOptions) => {
    // Items that were taken cannot be taken again.
    if (!(error instanceof GantryError) || options.input !== undefined) return false;
    const outcomeUnknown = error.code === "aborted" || error.details?.outcomeUnknown === true;
    if (error.retryable && !outcomeUnknown) return true;
    return outcomeUnknown && (hasIdempotencyKey(input) || (await isIdempotent(operation)));
  };

  return {
    async call(operation, input, options = {}) {
      const limited = { ...options, timeoutMs: options.timeoutMs ?? limitOf(operation, input, timeoutMs) };
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await transport.call(operation, input, limited);
        } catch (error) {
          if (attempt >= attempts || !(await mayRepeat(error, operation, input, options))) throw error;
          await pause(delayBefore(attempt), options, error);
        }
      }
    },
    async *stream(operation, input, options = {}) {
      for (let attempt = 1; ; attempt += 1) {
        let begun = false;
        try {
          for await (const event of transport.stream(operation, input, options)) {
            begun = true;
            yield event;
          }
          return;
        } catch (error) {
          // What was told already would be told again.
          if (begun || attempt >= attempts || !(await mayRepeat(error, operation, input, options))) throw error;
          await pause(delayBefore(attempt), options, error);
        }
      }
    },
  };
}

function limitOf(operation: string, input: unknown, timeoutMs: number | undefined): number | undefined {
  if (timeoutMs === undefined || operation === "executions.execute") return undefined;
  const { timeoutMs: own } = (input ?? {}) as { timeoutMs?: unknown };
  return typeof own === "number" ? Math.max(timeoutMs, own + answerMarginMs) : timeoutMs;
}

function hasIdempotencyKey(input: unknown): boolean {
  return typeof (input as { idempotencyKey?: unknown } | undefined)?.idempotencyKey === "string";
}

/** Rejects with the error when the caller gives up meanwhile. */
export function pause(delayMs: number, { signal }: Pick<CallOptions, "signal">, error: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      clearTimeout(timer);
      reject(error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", giveUp);
      resolve();
    }, delayMs);
    if (signal?.aborted === true) giveUp();
    else signal?.addEventListener("abort", giveUp, { once: true });
  });
}
