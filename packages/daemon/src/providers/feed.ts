/** Passes a caller's items on to its call: as fast as the provider takes them and no faster, so that the caller is slowed and nothing piles up. */
import { GantryError, providerPayloadLimitBytes, streamCreditChunks } from "@gantry/contract";
import { approximateBytes } from "@gantry/contract/json-weight";

import type { Call, CallSink } from "./call.ts";
import type { CallEngine } from "./calls.ts";
import { isAwaited } from "./state.ts";

export interface Feed {
  /** What the call's sink must tell it. */
  readonly sink: Required<Pick<CallSink, "sent" | "credit">>;
  start(call: Call): void;
  /** The call is over: takes nothing more, and lets the source know. */
  stop(): void;
}

/** A message of several items stays well below the limit for one. */
const maxMessageBytes = providerPayloadLimitBytes / 8;

export function createFeed(calls: Pick<CallEngine, "input" | "endInput" | "failInput">, items: AsyncIterable<unknown[]>): Feed {
  let granted = streamCreditChunks;
  let passed = 0;
  let wake: (() => void) | undefined;
  const over = Promise.withResolvers<"over">();

  const rouse = () => {
    wake?.();
    wake = undefined;
  };

  // While it waits for a slot nothing is passed on: the engine would have to keep it.
  const mustWait = ({ state }: Call) => isAwaited(state) && (state === "queued" || granted <= passed);

  /** Resolves to how many may go now; 0 when the call is over. */
  const room = async (call: Call): Promise<number> => {
    while (mustWait(call)) {
      await new Promise<void>((resolve) => (wake = resolve));
    }
    return isAwaited(call.state) ? granted - passed : 0;
  };

  const run = async (call: Call, source: AsyncIterator<unknown[]>) => {
    try {
      for (;;) {
        // One ahead of the credit: that it has ended must be heard even by a provider that grants no more.
        const step = await Promise.race([source.next(), over.promise]);
        if (step === "over") return;
        if (step.done === true) return calls.endInput(call);
        for (let from = 0; from < step.value.length;) {
          const most = await room(call);
          if (most === 0) return;
          const part = fitting(step.value, from, most);
          from += part.length;
          const seq = passed;
          passed += part.length;
          calls.input(call, seq, part);
        }
      }
    } catch (error) {
      calls.failInput(call, error instanceof GantryError ? error : lostSource(error));
    } finally {
      // Not awaited: a source that waits for its caller answers when that comes or goes.
      source.return?.().catch(() => undefined);
    }
  };

  return {
    sink: {
      sent: rouse,
      credit(_call, chunks) {
        granted += chunks;
        rouse();
      },
    },
    start: (call) => void run(call, items[Symbol.asyncIterator]()),
    stop() {
      over.resolve("over");
      rouse();
    },
  };
}

/** The next items that make one message: at least one, whatever it weighs. */
function fitting(items: unknown[], from: number, most: number): unknown[] {
  let bytes = 0;
  let to = from;
  while (to < items.length && to - from < most) {
    bytes += approximateBytes(items[to], maxMessageBytes);
    if (bytes > maxMessageBytes && to > from) break;
    to += 1;
  }
  return items.slice(from, to);
}

function lostSource(cause: unknown): GantryError {
  return new GantryError("cancelled", "The call was cancelled: its input broke off before its end. The provider was told to stop.", {
    cause,
  });
}
