/** The output of one execution while it runs: the newest part in memory, all of it in the log file, for any number of readers of any speed. */
import { type OutputRecord, readOutputLog } from "../core/output-log.ts";

export type OutputPiece = Pick<OutputRecord, "offset" | "timeMs" | "data"> & { stream: 1 | 2 };

export interface LiveOutput {
  readonly endOffset: number;
  push(piece: OutputPiece): void;
  /** What there is at or after `since` now, oldest first; does not wait. What memory no longer holds comes from the file. */
  take(since: number): AsyncIterable<OutputPiece>;
  /** The kept end of the output as text. */
  tail(): { text: string; truncated: boolean };
}

export interface LiveOutputOptions {
  logFile: string;
  /** How much of the end stays in memory. */
  keepBytes: number;
  /** Waits until everything pushed so far is in the file. */
  flushed(): Promise<void>;
}

export function createLiveOutput({ logFile, keepBytes, flushed }: LiveOutputOptions): LiveOutput {
  const kept: OutputPiece[] = [];
  let keptBytes = 0;
  let endOffset = 0;

  const startOffset = () => kept[0]?.offset ?? endOffset;

  return {
    get endOffset() {
      return endOffset;
    },
    push(piece) {
      // A reconnected follower may repeat what is known already.
      if (piece.offset + piece.data.length <= endOffset) return;
      kept.push(piece);
      keptBytes += piece.data.length;
      endOffset = piece.offset + piece.data.length;
      while (kept.length > 1 && keptBytes - (kept[0] as OutputPiece).data.length >= keepBytes) {
        keptBytes -= (kept.shift() as OutputPiece).data.length;
      }
    },
    async *take(since) {
      let cursor = since;
      if (cursor < startOffset()) {
        await flushed();
        for await (const { stream, offset, timeMs, data } of readOutputLog(logFile, { since: cursor })) {
          cursor = Math.max(cursor, offset + data.length);
          if (stream !== 3) yield { stream, offset, timeMs, data };
        }
        // Beyond its limit the log keeps nothing of the middle: go on with what memory has.
      }
      // A copy: more may be pushed while a reader takes its time.
      for (const piece of kept.slice()) {
        const end = piece.offset + piece.data.length;
        if (end <= cursor) continue;
        const skip = Math.max(0, cursor - piece.offset);
        cursor = end;
        yield skip === 0 ? piece : { ...piece, offset: piece.offset + skip, data: piece.data.subarray(skip) };
      }
    },
    tail() {
      const bytes = Buffer.concat(kept.map(({ data }) => data));
      const cut = Math.max(0, bytes.length - keepBytes);
      return { text: bytes.subarray(cut).toString(), truncated: startOffset() > 0 || cut > 0 };
    },
  };
}
