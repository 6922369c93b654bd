/** The output of one execution while it runs: the newest part in memory, all of it in the log file, for any number of readers of any speed. */
import { type OutputRecord, readOutputLog } from "../core/output-log.ts";

export type OutputPiece = Pick<OutputRecord, "offset" | "timeMs" | "data"> & { stream: 1 | 2 };

export interface LiveOutputOptions {
  logFile: string;
  /** How much of the end stays in memory. */
  keepBytes: number;
  /** Waits until everything pushed so far is in the file. */
  flushed(): Promise<void>;
}

/** A class, because every execution makes one; see docs/decisions/0009-made-for-each-request.md. */
export class LiveOutput {
  readonly #options: LiveOutputOptions;
  readonly #kept: OutputPiece[] = [];
  #keptBytes = 0;
  #endOffset = 0;

  constructor(options: LiveOutputOptions) {
    this.#options = options;
  }

  get endOffset(): number {
    return this.#endOffset;
  }

  get #startOffset(): number {
    return this.#kept[0]?.offset ?? this.#endOffset;
  }

  push(piece: OutputPiece): void {
    // A reconnected follower may repeat what is known already.
    if (piece.offset + piece.data.length <= this.#endOffset) return;
    this.#kept.push(piece);
    this.#keptBytes += piece.data.length;
    this.#endOffset = piece.offset + piece.data.length;
    const { keepBytes } = this.#options;
    while (this.#kept.length > 1 && this.#keptBytes - (this.#kept[0] as OutputPiece).data.length >= keepBytes) {
      this.#keptBytes -= (this.#kept.shift() as OutputPiece).data.length;
    }
  }

  /** What there is at or after `since` now, oldest first; does not wait. What memory no longer holds comes from the file. */
  async *take(since: number): AsyncGenerator<OutputPiece> {
    const { logFile, flushed } = this.#options;
    let cursor = since;
    if (cursor < this.#startOffset) {
      await flushed();
      for await (const { stream, offset, timeMs, data } of readOutputLog(logFile, { since: cursor })) {
        cursor = Math.max(cursor, offset + data.length);
        if (stream !== 3) yield { stream, offset, timeMs, data };
      }
      // Beyond its limit the log keeps nothing of the middle: go on with what memory has.
    }
    // A copy: more may be pushed while a reader takes its time.
    for (const piece of this.#kept.slice()) {
      const end = piece.offset + piece.data.length;
      if (end <= cursor) continue;
      const skip = Math.max(0, cursor - piece.offset);
      cursor = end;
      yield skip === 0 ? piece : { ...piece, offset: piece.offset + skip, data: piece.data.subarray(skip) };
    }
  }

  /** The kept end of the output as text. */
  tail(): { text: string; truncated: boolean } {
    if (this.#endOffset === 0) return { text: "", truncated: false };
    const bytes = Buffer.concat(this.#kept.map(({ data }) => data));
    const cut = Math.max(0, bytes.length - this.#options.keepBytes);
    return { text: bytes.subarray(cut).toString(), truncated: this.#startOffset > 0 || cut > 0 };
  }
}
