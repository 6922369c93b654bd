/** Sends a stream's chunks: the first at once, later ones gathered, all within the credit. */
import { approximateBytes, exceedsBytes } from "@gantry/contract/json-weight";
import { streamCreditBytes } from "@gantry/contract/provider-protocol";

import { overLimit } from "./errors.ts";

export interface ChunkSender {
  /** Undefined when the next chunk may come at once, else a promise of that moment. */
  add(chunk: unknown): Promise<void> | undefined;
  credit(chunks: number, takenInAll: number | undefined): void;
  flush(): void;
  /** Sends nothing more and lets a waiting producer go on to notice. */
  stop(): void;
}

/** A batch is handed over at this size even in the middle of a turn of the event loop. */
const maxBatch = 64;

/**
 * Keeps within the credit in chunks and within 256 KiB that the consumer has not taken: a slow reader slows the method.
 * Chunks of one turn of the event loop go out together.
 */
export function createChunkSender(
  id: string,
  firstCredit: number,
  limitBytes: number,
  emit: (event: string, message: unknown) => void,
): ChunkSender {
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
    add(chunk) {
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
    credit(chunks, takenInAll = taken + chunks) {
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
