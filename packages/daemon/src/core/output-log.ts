/**
 * The append-only record log of one execution's output: written by the process host for programs and by the daemon for functions, read by offset.
 *
 *     u8 tag (1 stdout, 2 stderr, 3 truncation marker) · u32 data length · f64 timeMs · f64 offset · data      (big endian)
 *
 * Offsets count bytes of both streams together. Beyond `limitBytes` a marker is written and data is dropped, but the last
 * `tailBytes` are kept and written at close, because a failure explains itself at its end.
 */
import { closeSync, createReadStream, fstatSync, ftruncateSync, openSync, watch, write } from "node:fs";

export type OutputStream = 1 | 2;

export interface OutputData {
  offset: number;
  stream: OutputStream;
  timeMs: number;
  data: Buffer;
}

/** Stands where output was dropped; the next record's offset tells how much. */
export interface OutputTruncated {
  offset: number;
  stream: 3;
  timeMs: number;
  data: Buffer;
}

export type OutputRecord = OutputData | OutputTruncated;

export interface OutputLogOptions {
  limitBytes?: number;
  tailBytes?: number;
  nowMs?: () => number;
}

export interface OutputLog {
  /** The offset that the next byte will get. */
  readonly endOffset: number;
  /** Accepted but not yet written; a producer pauses while this is large. */
  readonly backlogBytes: number;
  /** The first write error (disk full, for example). Later output is dropped, never blocked on. */
  readonly error: Error | undefined;
  /** Returns the offset of the first byte. Never throws and never waits. */
  append(stream: OutputStream, data: Uint8Array): number;
  /** Settles when everything appended so far has been handed to the kernel, or dropped because of `error`. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const headerBytes = 21;
const truncationTag = 3;

/** A record above this cannot come from us: appends are cut to it, so a larger length means a damaged file. */
const maxRecordBytes = 1024 * 1024;
const defaultLimitBytes = 64 * 1024 * 1024;
/** No configuration allows less, so that nothing of a shorter output can be missing. */
const smallestLimitBytes = 1024 * 1024;
const defaultTailBytes = 64 * 1024;

function encodeHeader(tag: number, length: number, timeMs: number, offset: number): Buffer {
  const header = Buffer.allocUnsafe(headerBytes);
  header.writeUInt8(tag, 0);
  header.writeUInt32BE(length, 1);
  header.writeDoubleBE(timeMs, 5);
  header.writeDoubleBE(offset, 13);
  return header;
}

/** Opens the log for appending; a record torn by a crash is cut off first, so that what follows stays readable. */
export async function openOutputLog(path: string, options: OutputLogOptions = {}): Promise<OutputLog> {
  const limitBytes = options.limitBytes ?? defaultLimitBytes;
  const tailBytes = options.tailBytes ?? defaultTailBytes;
  const nowMs = options.nowMs ?? Date.now;
  const fd = openSync(path, "a+", 0o600);
  let endOffset = 0;
  let stored = 0;
  let truncated = false;
  let wholeBytes = 0;
  for await (const record of readOutputLog(path)) {
    endOffset = record.offset + record.data.length;
    stored += record.data.length;
    truncated ||= record.stream === truncationTag;
    wholeBytes += headerBytes + record.data.length;
  }
  if (fstatSync(fd).size > wholeBytes) ftruncateSync(fd, wholeBytes);

  let queue: Uint8Array[] = [];
  let backlogBytes = 0;
  let writing: Promise<void> | undefined;
  let error: Error | undefined;
  let closed = false;
  const tail: OutputData[] = [];
  let tailHeld = 0;

  const writeAll = async (): Promise<void> => {
    // Lets the producer's whole turn gather into one write.
    await Promise.resolve();
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      const bytes = batch.length === 1 ? (batch[0] as Uint8Array) : Buffer.concat(batch);
      if (error === undefined) await writeWhole(fd, bytes).catch((cause: unknown) => (error = cause as Error));
      backlogBytes -= bytes.length;
    }
    writing = undefined;
  };
  const enqueue = (tag: number, data: Uint8Array, timeMs: number, offset: number): void => {
    queue.push(encodeHeader(tag, data.length, timeMs, offset), data);
    backlogBytes += headerBytes + data.length;
    writing ??= writeAll();
  };
  const keepTail = (record: OutputData): void => {
    tail.push(record);
    tailHeld += record.data.length;
    while (tail.length > 1 && tailHeld - (tail[0] as OutputData).data.length >= tailBytes) {
      tailHeld -= (tail.shift() as OutputData).data.length;
    }
  };
  const flush = async (): Promise<void> => {
    await writing;
  };

  return {
    get endOffset() {
      return endOffset;
    },
    get backlogBytes() {
      return backlogBytes;
    },
    get error() {
      return error;
    },
    append(stream, data) {
      const offset = endOffset;
      if (closed) return offset;
      const timeMs = nowMs();
      for (let at = 0; at < data.length; at += maxRecordBytes) {
        const piece = data.subarray(at, at + maxRecordBytes);
        if (!truncated && stored + piece.length <= limitBytes) {
          enqueue(stream, piece, timeMs, endOffset);
          stored += piece.length;
        } else {
          if (!truncated) enqueue(truncationTag, Buffer.alloc(0), timeMs, endOffset);
          truncated = true;
          // Copied: the caller's buffer may be part of something large that is about to be let go.
          keepTail({ offset: endOffset, stream, timeMs, data: Buffer.from(piece) });
        }
        endOffset += piece.length;
      }
      return offset;
    },
    flush,
    async close() {
      if (closed) return flush();
      closed = true;
      let skip = Math.max(0, tailHeld - tailBytes);
      for (const record of tail) {
        const cut = Math.min(skip, record.data.length);
        skip -= cut;
        if (cut < record.data.length) enqueue(record.stream, record.data.subarray(cut), record.timeMs, record.offset + cut);
      }
      await flush();
      closeSync(fd);
    },
  };
}

async function writeWhole(fd: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += await new Promise<number>((resolve, reject) => {
      write(fd, bytes, done, bytes.length - done, null, (cause, count) => (cause === null ? resolve(count) : reject(cause)));
    });
  }
}

/** Cuts file content into records; stops for good at the first record that cannot be one of ours. */
class RecordDecoder {
  #rest: Buffer = Buffer.alloc(0);
  #minOffset = 0;
  damaged = false;
  /** Bytes of the file that have become records. */
  consumedBytes = 0;

  *push(chunk: Buffer): Generator<OutputRecord> {
    let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (!this.damaged && rest.length >= headerBytes) {
      const tag = rest.readUInt8(0);
      const length = rest.readUInt32BE(1);
      const offset = rest.readDoubleBE(13);
      if ((tag !== 1 && tag !== 2 && tag !== truncationTag) || length > maxRecordBytes || !(offset >= this.#minOffset)) {
        this.damaged = true;
        break;
      }
      if (rest.length < headerBytes + length) break;
      const data = rest.subarray(headerBytes, headerBytes + length);
      this.#minOffset = offset + length;
      this.consumedBytes += headerBytes + length;
      yield { offset, stream: tag, timeMs: rest.readDoubleBE(5), data };
      rest = rest.subarray(headerBytes + length);
    }
    this.#rest = rest;
  }
}

/** The part of a record at or after `since`, or nothing. */
function cutToOffset(record: OutputRecord, since: number): OutputRecord | undefined {
  const end = record.offset + record.data.length;
  if (record.stream === truncationTag) return record.offset >= since ? record : undefined;
  if (end <= since) return undefined;
  const skip = Math.max(0, since - record.offset);
  return skip === 0 ? record : { ...record, offset: since, data: record.data.subarray(skip) };
}

/** The whole records present now, from `since` on. A missing file has none; a torn last record is left out. */
export async function* readOutputLog(path: string, options: { since?: number } = {}): AsyncGenerator<OutputRecord> {
  const decoder = new RecordDecoder();
  yield* readFrom(path, 0, decoder, options.since ?? 0);
}

/** How much of the output is not in the log, because it was over its limit; what is still being held back for the end included. */
export async function droppedBytes(path: string, endOffset: number): Promise<number> {
  if (endOffset <= smallestLimitBytes) return 0;
  let stored = 0;
  for await (const { data } of readOutputLog(path)) stored += data.length;
  return endOffset - stored;
}

async function* readFrom(path: string, position: number, decoder: RecordDecoder, since: number): AsyncGenerator<OutputRecord, number> {
  let at = position;
  try {
    for await (const chunk of createReadStream(path, { start: position, highWaterMark: 256 * 1024 })) {
      at += (chunk as Buffer).length;
      for (const record of decoder.push(chunk as Buffer)) {
        const part = cutToOffset(record, since);
        if (part !== undefined) yield part;
      }
      if (decoder.damaged) break;
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
  }
  return at;
}

export interface FollowOptions {
  since?: number;
  signal?: AbortSignal;
  /** True once the writer has closed the log; the follower then reads to the end and finishes. */
  isClosed: () => boolean;
}

// inotify tells at once; the timer only covers file systems without it and a file that does not exist yet.
const followPollMs = 200;

/** Like readOutputLog, but waits for more until the writer is done or the signal aborts. */
export async function* followOutputLog(path: string, options: FollowOptions): AsyncGenerator<OutputRecord> {
  const decoder = new RecordDecoder();
  let position = 0;
  let wake: (() => void) | undefined;
  let changed = false;
  const notice = (): void => {
    changed = true;
    wake?.();
  };
  let watcher: ReturnType<typeof watch> | undefined;
  const watchFile = (): void => {
    try {
      watcher ??= watch(path, notice).on("error", () => {});
    } catch {
      // Not there yet, or no inotify left: the timer finds out.
    }
  };
  options.signal?.addEventListener("abort", notice);
  try {
    while (options.signal?.aborted !== true && !decoder.damaged) {
      watchFile();
      const closed = options.isClosed();
      changed = false;
      position = yield* readFrom(path, position, decoder, options.since ?? 0);
      if (closed) return;
      if (changed) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, followPollMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    watcher?.close();
    options.signal?.removeEventListener("abort", notice);
  }
}
