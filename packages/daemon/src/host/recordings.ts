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
      return {
        get backlogBytes() {
          return over ? 0 : backlogBytes;
        },
        output(stream, bytes) {
          if (skipping || over) return;
          backlogBytes += bytes.length;
          // A copy of its own, which is then given away.
          post({ type: "output", number, stream, bytes: new Uint8Array(bytes), timeMs: Date.now() });
        },
        input(bytes) {
          if (spec.input && !over) post({ type: "input", number, bytes: new Uint8Array(bytes), timeMs: Date.now() });
        },
        resize: (cols, rows) => post({ type: "resize", number, cols, rows, timeMs: Date.now() }),
        skip() {
          skipping = true;
          post({ type: "skipped", number, timeMs: Date.now() });
        },
        async close({ code, timeMs }) {
          if (worker === undefined) return;
          post({ type: "close", number, status: code ?? signalStatus, timeMs });
          await closed;
        },
      };
    },
  };
}
