/**
 * The last output of a child that several follow: a follower that was paused for a moment goes on from here, because asking the host
 * for it anew would send a flood once for each of fifty slow viewers.
 */
import type { OutputChunk } from "./interface.ts";

export interface RecentOutput {
  /** Live output, in order. */
  push(chunk: OutputChunk): void;
  /** Everything from this offset to the present, or undefined when it is not all here. */
  since(offset: number): readonly OutputChunk[] | undefined;
  clear(): void;
}

// Twice a viewer's window: who stood within its window a moment ago is still found.
const keptBytes = 2 * 1024 * 1024;

export function createRecentOutput(): RecentOutput {
  let chunks: OutputChunk[] = [];
  let bytes = 0;
  let end = -1;
  const clear = (): void => {
    chunks = [];
    bytes = 0;
    end = -1;
  };
  return {
    push(chunk) {
      // Something is missing in between: what was kept does not lead to the present.
      if (end !== -1 && chunk.offset !== end) clear();
      chunks.push(chunk);
      bytes += chunk.data.length;
      end = chunk.offset + chunk.data.length;
      let drop = 0;
      while (bytes > keptBytes && drop < chunks.length - 1) {
        bytes -= (chunks[drop] as OutputChunk).data.length;
        drop += 1;
      }
      if (drop > 0) chunks = chunks.slice(drop);
    },
    since(offset) {
      const first = chunks[0];
      if (first === undefined || offset < first.offset || offset > end) return undefined;
      return chunks.filter((chunk) => chunk.offset + chunk.data.length > offset);
    },
    clear,
  };
}
