/** One call on the provider's side: runs the method, paces its chunks by credit, and answers once. */
import { approximateBytes, exceedsBytes } from "@gantry/contract/json-weight";
import { type InvokeMessage, streamCreditBytes, type Usage } from "@gantry/contract/provider-protocol";

import type { AnyMethod, MethodContext } from "./definition.ts";
import { failureFrom, ProviderError } from "./errors.ts";

export interface RunningCall {
  cancel(reason: string): void;
  /** So many more chunks may be sent; so many have been consumed in all. */
  credit(chunks: number, taken: number | undefined): void;
  /** The connection is gone: the caller has been told already, so nothing is sent any more. */
  abandon(): void;
}

/** A batch is handed over at this size even in the middle of a turn of the event loop. */
const maxBatch = 64;

export function runCall(
  message: InvokeMessage,
  method: AnyMethod,
  emit: (event: string, message: unknown) => void,
  limitBytes: number,
  onEnd: () => void,
): RunningCall {
  const { id } = message;
  let controller: AbortController | undefined;
  let cancelReason: string | undefined;
  let usage: Usage | undefined;
  let isOver = false;

  const context: MethodContext = {
    // Made when first asked for: most methods are over before anybody could cancel them.
    get signal() {
      if (controller === undefined) {
        controller = new AbortController();
        if (cancelReason !== undefined) controller.abort(new ProviderError("CANCELLED", cancelReason));
      }
      return controller.signal;
    },
    callId: id,
    budgetMs: message.budgetMs,
    attempt: message.attempt,
    idempotencyKey: message.idem,
    trace: message.trace,
    reportUsage: (reported) => void (usage = { ...usage, ...reported }),
  };

  const finish = (event: "result" | "fail", answer: Record<string, unknown>) => {
    if (isOver) return;
    isOver = true;
    emit(event, answer);
    onEnd();
  };
  const succeed = (data: unknown) => {
    if (cancelReason !== undefined) return fail(new ProviderError("CANCELLED", cancelReason));
    if (exceedsBytes(data, limitBytes)) return fail(overLimit("result", limitBytes));
    finish("result", usage === undefined ? { id, data } : { id, data, usage });
  };
  const fail = (error: unknown) => {
    const told = cancelReason === undefined ? error : new ProviderError("CANCELLED", cancelReason);
    finish("fail", { id, error: failureFrom(told) });
  };

  const sender = createChunkSender(id, message.credit, limitBytes, emit);

  const stream = async (chunks: AsyncIterable<unknown>) => {
    const iterator = chunks[Symbol.asyncIterator]();
    try {
      for (;;) {
        const step = await iterator.next();
        if (isOver || cancelReason !== undefined) break;
        if (step.done === true) {
          sender.flush();
          return succeed(step.value);
        }
        const wait = sender.add(step.value);
        // Only a spent credit costs a promise.
        if (wait !== undefined) await wait;
      }
      await iterator.return?.();
      fail(undefined);
    } catch (error) {
      sender.flush();
      await iterator.return?.().catch(() => undefined);
      fail(error);
    }
  };

  const start = () => {
    try {
      const params: unknown = method.input === undefined ? message.params : method.input.parse(message.params);
      if (method.stream !== undefined) {
        void stream(method.stream(params, context));
        return;
      }
      const answer: unknown = method.run(params, context);
      if (answer instanceof Promise) answer.then(succeed, fail);
      else succeed(answer);
    } catch (error) {
      fail(error);
    }
  };

  const stop = (reason: string) => {
    cancelReason ??= reason;
    controller?.abort(new ProviderError("CANCELLED", reason));
    sender.stop();
  };

  // The caller of runCall keeps the call under its id before a synchronous method can end it.
  queueMicrotask(start);
  return {
    cancel: stop,
    credit: (chunks, taken) => sender.credit(chunks, taken),
    abandon() {
      isOver = true;
      stop("the connection was lost");
    },
  };
}

/**
 * Sends the first chunk at once and gathers later ones of the same turn of the event loop. Keeps within the credit in chunks and
 * within 256 KiB that the consumer has not taken: a slow reader slows the method.
 */
function createChunkSender(id: string, firstCredit: number, limitBytes: number, emit: (event: string, message: unknown) => void) {
  let credit = firstCredit;
  let seq = 0;
  let batch: unknown[] = [];
  let isScheduled = false;
  let isStopped = false;
  let resume: (() => void) | undefined;
  /** Weights of the chunks that are not known to be consumed, oldest first. */
  let weights: number[] = [];
  let outBytes = 0;
  let taken = 0;
  const mayGoOn = () => isStopped || (credit > 0 && outBytes < streamCreditBytes);

  const flush = () => {
    isScheduled = false;
    if (batch.length === 0 || isStopped) return;
    emit("chunk", batch.length === 1 ? { id, seq, data: batch[0] } : { id, seq, batch });
    seq += batch.length;
    batch = [];
  };
  const wake = () => {
    if (resume === undefined || !mayGoOn()) return;
    resume();
    resume = undefined;
  };

  return {
    flush,
    /** Undefined when the next chunk may come at once, else a promise of that moment. */
    add(chunk: unknown): Promise<void> | undefined {
      const bytes = approximateBytes(chunk, limitBytes);
      if (exceedsBytes(chunk, limitBytes)) throw overLimit("chunk", limitBytes);
      credit -= 1;
      weights.push(bytes);
      outBytes += bytes;
      batch.push(chunk);
      if (seq === 0 || batch.length >= maxBatch || outBytes >= streamCreditBytes) flush();
      else if (!isScheduled) {
        isScheduled = true;
        setImmediate(flush);
      }
      if (mayGoOn()) return undefined;
      flush();
      return new Promise((resolve) => (resume = resolve));
    },
    credit(chunks: number, takenInAll: number = taken + chunks) {
      credit += chunks;
      for (const bytes of weights.splice(0, takenInAll - taken)) outBytes -= bytes;
      taken = takenInAll;
      wake();
    },
    stop() {
      isStopped = true;
      weights = [];
      wake();
    },
  };
}

function overLimit(what: string, limitBytes: number): ProviderError {
  return new ProviderError("RESOURCE_EXHAUSTED", `its ${what} is larger than the limit of ${limitBytes} bytes for one message`, {
    retryable: false,
    details: { limitBytes },
  });
}
