/** The thread that writes recordings: decoding, JSON, and disk must never delay a session's bytes. */
import { closeSync, fdatasync, openSync, write } from "node:fs";
import { parentPort } from "node:worker_threads";

import { type CastFacts, type CastWriter, createCastWriter } from "./cast.ts";
import type { ChildStream } from "./interface.ts";

export type RecordingRequest =
  | { type: "open"; number: number; file: string; limitBytes: number; facts: CastFacts }
  | { type: "output"; number: number; stream: ChildStream; bytes: Uint8Array; timeMs: number }
  | { type: "input"; number: number; bytes: Uint8Array; timeMs: number }
  | { type: "resize"; number: number; cols: number; rows: number; timeMs: number }
  | { type: "skipped"; number: number; timeMs: number }
  | { type: "close"; number: number; status: number; timeMs: number };

export type RecordingReport =
  | { type: "written"; number: number; bytes: number }
  | { type: "failed"; number: number; message: string }
  | { type: "closed"; number: number };

interface Recording {
  fd: number;
  writer: CastWriter;
  limitBytes: number;
  storedBytes: number;
  /** Bytes of output that wait to be written, for whoever counts what is on its way. */
  pendingBytes: number;
  /** Reached its limit, or the disk refused. */
  over: boolean;
  dirty: boolean;
  writing: Promise<void> | undefined;
}

const writeEveryMs = 250;
const writeAboveBytes = 256 * 1024;
/** What a crash of the machine may take. */
const syncEveryMs = 3000;

export function runRecordingWorker(): void {
  const port = parentPort;
  if (port === null) throw new Error("the recording worker runs only as a worker thread");
  const recordings = new Map<number, Recording>();
  const report = (message: RecordingReport): void => port.postMessage(message);

  const fail = (number: number, one: Recording, error: unknown): void => {
    if (!one.over) report({ type: "failed", number, message: (error as Error).message });
    one.over = true;
  };
  const store = async (number: number, one: Recording, all: boolean): Promise<void> => {
    const bytes = Buffer.from(one.writer.take(all));
    const pending = one.pendingBytes;
    one.pendingBytes = 0;
    if (bytes.length > 0 && one.fd !== -1) {
      one.storedBytes += bytes.length;
      await writeWhole(one.fd, bytes).then(
        () => (one.dirty = true),
        (error: unknown) => fail(number, one, error),
      );
    }
    if (pending > 0) report({ type: "written", number, bytes: pending });
  };
  /** One write after another: they belong in one order. */
  const flush = (number: number, one: Recording, all: boolean): Promise<void> => {
    one.writing = (one.writing ?? Promise.resolve()).then(() => store(number, one, all));
    return one.writing;
  };
  const output = (one: Recording, { stream, bytes, timeMs }: Extract<RecordingRequest, { type: "output" }>): void => {
    let room = one.limitBytes - one.storedBytes - one.pendingBytes;
    // Not within a character: its second half would be missing.
    while (room > 0 && ((bytes[room] ?? 0) & 0xc0) === 0x80) room -= 1;
    one.pendingBytes += bytes.length;
    if (one.over) return;
    if (room > 0) one.writer.output(stream, bytes.subarray(0, room), timeMs);
    if (bytes.length <= room) return;
    one.over = true;
    one.writer.marker("the recording's size limit is reached; the session went on", timeMs);
  };

  setInterval(() => {
    for (const [number, one] of recordings) void flush(number, one, true);
  }, writeEveryMs);
  setInterval(() => {
    for (const [number, one] of recordings) {
      if (!one.dirty) continue;
      one.dirty = false;
      fdatasync(one.fd, (error) => void (error !== null && recordings.has(number) && fail(number, one, error)));
    }
  }, syncEveryMs);

  port.on("message", (message: RecordingRequest) => {
    const { number } = message;
    if (message.type === "open") {
      let fd = -1;
      let failure: unknown;
      try {
        fd = openSync(message.file, "wx", 0o600);
      } catch (error) {
        failure = error;
      }
      const { limitBytes, facts } = message;
      const one = { fd, writer: createCastWriter(facts), limitBytes, storedBytes: 0, pendingBytes: 0, over: false, dirty: false };
      recordings.set(number, { ...one, writing: undefined });
      if (failure !== undefined) fail(number, recordings.get(number) as Recording, failure);
      return;
    }
    const one = recordings.get(number);
    if (one === undefined) return;
    switch (message.type) {
      case "output":
        output(one, message);
        if (one.pendingBytes > writeAboveBytes) void flush(number, one, false);
        break;
      case "input":
        if (!one.over) one.writer.input(message.bytes, message.timeMs);
        break;
      case "resize":
        if (!one.over) one.writer.resize(message.cols, message.rows, message.timeMs);
        break;
      case "skipped":
        if (!one.over) one.writer.marker("output is missing here; the disk was too slow", message.timeMs);
        break;
      default:
        one.writer.exit(message.status, message.timeMs);
        void flush(number, one, true).then(() => {
          recordings.delete(number);
          if (one.fd !== -1) closeSync(one.fd);
          report({ type: "closed", number });
        });
    }
  });
}

async function writeWhole(fd: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += await new Promise<number>((resolve, reject) => {
      write(fd, bytes, done, bytes.length - done, null, (cause, count) => (cause === null ? resolve(count) : reject(cause)));
    });
  }
}
