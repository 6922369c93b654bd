/** Items of a request that goes on after its input, between the connection that brings them and the handler that takes them. */

export interface ItemQueue {
  readonly items: AsyncIterable<unknown[]>;
  push(items: unknown[]): void;
  end(): void;
  /** What came before is still taken; then the reader hears of this. */
  fail(error: Error): void;
}

export interface ItemQueueEvents {
  /** The reader has taken so many: more may come. */
  taken(items: number): void;
  /** The reader wants no more. */
  left?(): void;
}

export function createItemQueue({ taken, left }: ItemQueueEvents): ItemQueue {
  let batches: unknown[][] = [];
  let isEnded = false;
  let failure: Error | undefined;
  let wake: (() => void) | undefined;

  const rouse = () => {
    wake?.();
    wake = undefined;
  };

  async function* read(): AsyncGenerator<unknown[], void, void> {
    for (;;) {
      const all = batches.length === 1 ? (batches[0] as unknown[]) : batches.flat();
      batches = [];
      if (all.length > 0) {
        yield all;
        taken(all.length);
      } else if (failure !== undefined) throw failure;
      else if (isEnded) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  const reader = read();
  return {
    items: {
      [Symbol.asyncIterator]: () => ({
        next: () => reader.next(),
        async return() {
          batches = [];
          isEnded = true;
          rouse();
          left?.();
          return { done: true, value: undefined };
        },
      }),
    },
    push(items) {
      if (isEnded || items.length === 0) return;
      batches.push(items);
      rouse();
    },
    end() {
      isEnded = true;
      rouse();
    },
    fail(error) {
      failure ??= error;
      rouse();
    },
  };
}
