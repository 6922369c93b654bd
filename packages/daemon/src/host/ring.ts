/** Keeps the last `limitBytes` of output so that a late attacher sees what happened, not a blank; every byte has an absolute offset. */
import type { ChildStream } from "./interface.ts";

export interface RingPiece {
  offset: number;
  stream: ChildStream;
  /** A view of the ring's own memory, which is never written twice: safe to queue on a socket. */
  data: Buffer;
}

interface Segment {
  offset: number;
  stream: ChildStream;
  block: Buffer;
  start: number;
  end: number;
}

// A PTY read brings at most 4 KiB; gathering reads in blocks makes 64 KiB messages without another copy.
const blockBytes = 64 * 1024;
// Most idle sessions have printed a prompt: their first block should not cost 64 KiB.
const firstBlockBytes = 4 * 1024;

export class Ring {
  #segments: Segment[] = [];
  /** Index of the oldest segment kept; the array is cut now and then instead of at each step. */
  #head = 0;
  #block: Buffer = Buffer.alloc(0);
  #used = 0;
  #startOffset = 0;
  #endOffset = 0;
  #fullOffset = 0;
  #pinnedFrom = Number.POSITIVE_INFINITY;
  readonly #limitBytes: number;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get startOffset(): number {
    return this.#startOffset;
  }

  get endOffset(): number {
    return this.#endOffset;
  }

  /** Behind the last block that is full: up to here, reading gives whole blocks. */
  get fullOffset(): number {
    return this.#fullOffset;
  }

  /** Keeps everything from this offset on, even beyond the limit: the screen has not parsed it yet. */
  pinFrom(offset: number): void {
    this.#pinnedFrom = offset;
    this.#trim();
  }

  append(stream: ChildStream, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#used === this.#block.length) {
        const wanted = this.#block.length === 0 && bytes.length < firstBlockBytes ? firstBlockBytes : blockBytes;
        this.#block = Buffer.allocUnsafeSlow(wanted);
        this.#used = 0;
      }
      const count = Math.min(bytes.length - at, this.#block.length - this.#used);
      this.#block.set(at === 0 && count === bytes.length ? bytes : bytes.subarray(at, at + count), this.#used);
      const last = this.#segments.at(-1);
      if (last !== undefined && last.block === this.#block && last.stream === stream) last.end += count;
      else {
        const start = this.#used;
        this.#segments.push({ offset: this.#endOffset, stream, block: this.#block, start, end: start + count });
      }
      this.#used += count;
      this.#endOffset += count;
      at += count;
      if (this.#used === this.#block.length) this.#fullOffset = this.#endOffset;
    }
    if (this.#endOffset - this.#startOffset > this.#limitBytes) this.#trim();
  }

  /** The stretch that begins at `offset`, at most 64 KiB of one stream; undefined at the end, or when it is no longer kept. */
  read(offset: number): RingPiece | undefined {
    if (offset >= this.#endOffset || offset < this.#startOffset) return undefined;
    let low = this.#head;
    let high = this.#segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#segments[middle] as Segment).offset <= offset) low = middle;
      else high = middle - 1;
    }
    const { block, start, end, stream, offset: first } = this.#segments[low] as Segment;
    return { offset, stream, data: block.subarray(start + (offset - first), end) };
  }

  /** A copy of the last bytes, whatever their stream. */
  tail(count: number): Buffer {
    const pieces: Buffer[] = [];
    for (let at = Math.max(this.#startOffset, this.#endOffset - count); ;) {
      const piece = this.read(at);
      if (piece === undefined) return Buffer.concat(pieces);
      pieces.push(piece.data);
      at += piece.data.length;
    }
  }

  #trim(): void {
    const keepFrom = Math.min(this.#endOffset - this.#limitBytes, this.#pinnedFrom);
    for (;;) {
      const oldest = this.#segments[this.#head];
      // Whole segments only: the limit is a budget, not a promise to the byte.
      if (oldest === undefined || oldest.offset + (oldest.end - oldest.start) > keepFrom) break;
      this.#head += 1;
      this.#startOffset = oldest.offset + (oldest.end - oldest.start);
    }
    if (this.#head > 64 && this.#head * 2 > this.#segments.length) {
      this.#segments = this.#segments.slice(this.#head);
      this.#head = 0;
    } else if (this.#head > 0) {
      // The slots before the head must not keep their blocks alive.
      for (let index = this.#head - 1; index >= 0 && this.#segments[index] !== released; index -= 1) this.#segments[index] = released;
    }
  }
}

const released: Segment = { offset: 0, stream: 1, block: Buffer.alloc(0), start: 0, end: 0 };
