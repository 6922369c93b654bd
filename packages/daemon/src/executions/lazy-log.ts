/** The log file of a function's output, made at the first byte: most functions print little or nothing. */
import { openOutputLog, type OutputLog } from "../core/output-log.ts";

/** A class, because every attempt makes one; see docs/decisions/0009-made-for-each-request.md. */
export class LazyLog {
  readonly #path: string;
  readonly #limitBytes: number;
  #log: OutputLog | undefined;
  #opening: Promise<void> | undefined;
  #before: { stream: 1 | 2; data: Buffer }[] = [];
  #heldBytes = 0;
  #endOffset = 0;

  constructor(path: string, limitBytes: number) {
    this.#path = path;
    this.#limitBytes = limitBytes;
  }

  /** Returns the offset of the first byte. */
  append(stream: 1 | 2, data: Buffer): number {
    const offset = this.#endOffset;
    this.#endOffset += data.length;
    if (this.#log !== undefined) this.#log.append(stream, data);
    else {
      this.#before.push({ stream, data });
      this.#heldBytes += data.length;
      // A log that cannot be opened (disk full) must not fail the command.
      this.#opening ??= this.#open().catch(() => undefined);
    }
    return offset;
  }

  get backlogBytes(): number {
    return this.#log?.backlogBytes ?? this.#heldBytes;
  }

  /** True when there is nothing to wait for. */
  get isEmpty(): boolean {
    return this.#opening === undefined;
  }

  async flush(): Promise<void> {
    await this.#opening;
    await this.#log?.flush();
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#log?.close();
  }

  async #open(): Promise<void> {
    this.#log = await openOutputLog(this.#path, { limitBytes: this.#limitBytes });
    for (const { stream, data } of this.#before) this.#log.append(stream, data);
    this.#before = [];
    this.#heldBytes = 0;
  }
}
