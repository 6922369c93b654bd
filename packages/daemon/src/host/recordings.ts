/** The host's side of the recording worker: hands it what happens in the sessions that are recorded. */
import { Worker } from "node:worker_threads";

import type { CastFacts } from "./cast.ts";
import type { ChildExit, ChildStream, RecordSpec } from "./interface.ts";
import type { RecordingReport, RecordingRequest } from "./recording-worker.ts";

export interface Recording {
  /** Handed over and not yet on disk; a program is held up for a while when this is large. */
  readonly backlogBytes: number;
  output(stream: ChildStream, bytes: Uint8Array): void;
  input(bytes: Uint8Array): void;
  resize(cols: number, rows: number): void;
  /** Leaves output out until the disk has caught up. */
  skip(): void;
  /** Settles when the last event is on its way to the disk. */
  close(exit: Pick<ChildExit, "code" | "signal" | "timeMs">): Promise<void>;
}

export interface Recordings {
  open(spec: RecordSpec, facts: CastFacts, events: { progress(): void; failed(message: string): void }): Recording;
}

/** While output is left out, so much may still be on its way before it is taken again. */
const resumeBelowBytes = 1024 * 1024;
// What a program prints comes in reads of some KiB: a message to the thread for each would cost more than all else. The writer makes
// one event of what comes closer together than this.
const gatherBytes = 64 * 1024;
const gatherMs = 5;
/** As shells tell an end by a signal; which one, the asciicast does not tell. */
const signalStatus = 128;

export function createRecordings(entry: URL | string, onError: (error: unknown) => void): Recordings {
  let worker: Worker | undefined;
  let nextNumber = 1;
  const listeners = new Map<number, (report: RecordingReport) => void>();

  const start = (): Worker => {
    const started = new Worker(entry, { workerData: { recordings: true }, resourceLimits: { maxOldGenerationSizeMb: 512 }, stdout: false });
    started.on("message", (report: RecordingReport) => listeners.get(report.number)?.(report));
    started.on("error", (error) => {
      onError(error);
      worker = undefined;
      for (const [number, listener] of listeners) {
        listener({ type: "failed", number, message: "the recording thread ended" });
        listener({ type: "closed", number });
      }
    });
    started.unref();
    return started;
  };
  const post = (message: RecordingRequest): void => {
    if (message.type === "open") worker ??= start();
    if ("bytes" in message) worker?.postMessage(message, [message.bytes.buffer as ArrayBuffer]);
    else worker?.postMessage(message);
  };

  return {
    open(spec, facts, events) {
      const number = nextNumber;
      nextNumber += 1;
      let backlogBytes = 0;
      let skipping = false;
      let over = false;
      const closed = new Promise<void>((resolve) => {
        listeners.set(number, (report) => {
          if (report.type === "written") {
            backlogBytes -= report.bytes;
            if (backlogBytes < resumeBelowBytes) skipping = false;
            events.progress();
          } else if (report.type === "failed") {
            over = true;
            backlogBytes = 0;
            events.failed(report.message);
          } else {
            listeners.delete(number);
            resolve();
          }
        });
      });
      post({ type: "open", number, file: spec.file, limitBytes: spec.limitBytes, facts });
      let gathered: { stream: ChildStream; timeMs: number; pieces: Uint8Array[]; length: number } | undefined;
      let timer: NodeJS.Timeout | undefined;
      const handOver = (): void => {
        clearTimeout(timer);
        timer = undefined;
        if (gathered === undefined) return;
        const { stream, timeMs, pieces, length } = gathered;
        gathered = undefined;
        // A copy of its own, which is then given away.
        const bytes = new Uint8Array(length);
        let at = 0;
        for (const piece of pieces) {
          bytes.set(piece, at);
          at += piece.length;
        }
        post({ type: "output", number, stream, bytes, timeMs });
      };
      return {
        get backlogBytes() {
          return over ? 0 : backlogBytes;
        },
        output(stream, bytes) {
          if (skipping || over) return;
          backlogBytes += bytes.length;
          if (gathered !== undefined && gathered.stream !== stream) handOver();
          gathered ??= { stream, timeMs: Date.now(), pieces: [], length: 0 };
          gathered.pieces.push(bytes);
          gathered.length += bytes.length;
          if (gathered.length >= gatherBytes) handOver();
          else timer ??= setTimeout(handOver, gatherMs);
        },
        input(bytes) {
          if (!spec.input || over) return;
          handOver();
          post({ type: "input", number, bytes: new Uint8Array(bytes), timeMs: Date.now() });
        },
        resize(cols, rows) {
          handOver();
          post({ type: "resize", number, cols, rows, timeMs: Date.now() });
        },
        skip() {
          handOver();
          skipping = true;
          post({ type: "skipped", number, timeMs: Date.now() });
        },
        async close({ code, timeMs }) {
          handOver();
          if (worker === undefined) return;
          post({ type: "close", number, status: code ?? signalStatus, timeMs });
          await closed;
        },
      };
    },
  };
}
