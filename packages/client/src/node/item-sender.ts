/** Sends items on a channel of the control socket, no further ahead than the daemon's credit, so that a slow provider slows their source. */
import type { ControlItems } from "@gantry/contract/control-protocol";
import { approximateBytes } from "@gantry/contract/json-weight";

export interface ItemSender {
  /** So many were taken, and so many more may come. */
  credit(items: number): void;
  /** The call is over: the source is ended early. */
  stop(): void;
}

export interface ItemChannel {
  /** Resolves when the connection has room again. */
  write(message: ControlItems): Promise<void> | undefined;
  /** The source threw this. */
  fail(error: unknown): void;
}

/** What may be on its way without being taken, whatever the credit in items says. */
const windowBytes = 256 * 1024;

export function sendItems(items: AsyncIterable<unknown> | Iterable<unknown>, channel: ItemChannel): ItemSender {
  let credit = 0;
  let weights: number[] = [];
  let outBytes = 0;
  let isOver = false;
  let wake: (() => void) | undefined;
  const over = Promise.withResolvers<"over">();

  const rouse = () => {
    wake?.();
    wake = undefined;
  };
  const woken = () => new Promise<void>((resolve) => (wake = resolve));
  const mustWait = () => !isOver && (credit <= 0 || outBytes >= windowBytes);
  const run = async () => {
    const source = Symbol.asyncIterator in items ? items[Symbol.asyncIterator]() : items[Symbol.iterator]();
    try {
      for (;;) {
        // One is read ahead of the credit: that there are no more must be heard even by a provider that grants no more.
        const step = await Promise.race([source.next(), over.promise]);
        if (step === "over") return;
        if (step.done === true) {
          await channel.write({ end: true });
          return;
        }
        while (mustWait()) await woken();
        if (isOver) return;
        const bytes = approximateBytes(step.value, windowBytes);
        credit -= 1;
        weights.push(bytes);
        outBytes += bytes;
        await channel.write({ items: [step.value ?? null] });
      }
    } catch (error) {
      channel.fail(error);
    } finally {
      void Promise.resolve(source.return?.()).catch(() => undefined);
    }
  };
  void run();

  return {
    credit(more) {
      credit += more;
      // The first credit is for nothing that was sent.
      for (const bytes of weights.splice(0, more)) outBytes -= bytes;
      rouse();
    },
    stop() {
      isOver = true;
      weights = [];
      over.resolve("over");
      rouse();
    },
  };
}
