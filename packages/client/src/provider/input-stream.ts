/** What a caller sends to a running method, as an iterable; reading on is what lets the caller send more. */
import { streamCreditChunks } from "@gantry/contract/provider-protocol";

export interface InputStream extends AsyncIterable<unknown> {
  push(items: unknown[]): void;
  end(): void;
  /** The call is over or cancelled: whoever waits for more hears of it. */
  stop(reason: Error): void;
}

export function createInputStream(grant: (chunks: number) => void): InputStream {
  const items: unknown[] = [];
  let taken = 0;
  let isEnded = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;

  const rouse = () => {
    wake?.();
    wake = undefined;
  };
  const next = async (): Promise<IteratorResult<unknown>> => {
    for (;;) {
      if (items.length > 0) {
        taken += 1;
        // By halves, as credit goes the other way too.
        if (taken >= streamCreditChunks / 2) {
          grant(taken);
          taken = 0;
        }
        return { done: false, value: items.shift() };
      }
      if (failure !== undefined) throw failure;
      if (isEnded) return { done: true, value: undefined };
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };

  return {
    push(more) {
      items.push(...more);
      rouse();
    },
    end() {
      isEnded = true;
      rouse();
    },
    stop(reason) {
      failure ??= reason;
      rouse();
    },
    [Symbol.asyncIterator]: () => ({ next }),
  };
}
