/** The host's side of the screen worker: feeds each screen from its child's ring and asks for snapshots. */
import { Worker } from "node:worker_threads";

import type { ScreenFormat, ScreenRule, ScreenSignal } from "./interface.ts";
import type { Ring } from "./ring.ts";
import type { ScreenReport, ScreenRequest } from "./screen-worker.ts";

export interface ScreenFeedEvents {
  reply(bytes: Uint8Array): void;
  title(text: string): void;
  /** The screen has caught up a bit. */
  progress(): void;
  signal(signal: ScreenSignal): void;
  /** A watched screen has been painted, and nothing more came for a moment. */
  settled(): void;
}

export interface ScreenFeed {
  /** Output that the screen has not parsed yet. */
  readonly behindBytes: number;
  /** There is more in the ring. */
  advance(): void;
  resize(cols: number, rows: number): void;
  /** Gives up on what is not parsed yet and goes on with the last bytes on an empty screen. */
  skip(): void;
  /** Everything in the ring up to now, as escape sequences for a freshly reset terminal. */
  snapshot(scrollbackLines?: number): Promise<string>;
  show(format: ScreenFormat): Promise<string>;
  mark(key: string): Promise<void>;
  transcript(key: string): Promise<string>;
  dispose(): void;
}

export interface ScreenSize {
  cols: number;
  rows: number;
  scrollbackLines: number;
  /** It is watched by these. */
  rules?: readonly ScreenRule[] | undefined;
}

export interface Screens {
  /** A program asks its terminal questions first of all, and some wait for the answer only a moment: settles when they can be answered. */
  ready(): Promise<void>;
  create(ring: Ring, size: ScreenSize, events: ScreenFeedEvents): ScreenFeed;
  close(): Promise<void>;
}

/** Bytes handed to the worker and not parsed yet, per screen: small, so that ten floods delay another screen's snapshot little. */
const inFlightBytes = 256 * 1024;
// Small output waits a moment, so that echoed keys do not wake the worker one by one; a program's query is answered this much later.
// A flood comes in the ring's blocks: each message to a thread costs as much as some KiB in it.
const feedNowBytes = 64 * 1024;
const feedAfterMs = 2;
const snapshotScrollbackLines = 1000;
const skipTailBytes = 64 * 1024;

export function createScreens(entry: URL | string, onError: (error: unknown) => void): Screens {
  let worker: Worker | undefined;
  let ready: Promise<void> | undefined;
  let nextNumber = 1;
  let nextRequest = 1;
  const feeds = new Map<number, (report: ScreenReport) => void>();
  const requests = new Map<number, (text: string) => void>();

  const start = (): Worker => {
    // Screens live long and lie outside of the heap: a large space for what is young would only fill with what is dead. A runaway
    // screen must not take the machine.
    const started = new Worker(entry, { resourceLimits: { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 1024 }, stdout: false });
    ready = new Promise((resolve) => {
      started.once("message", () => resolve());
      started.once("exit", () => resolve());
    });
    started.on("message", (report: ScreenReport) => {
      if (report.type === "ready") return undefined;
      if (report.type !== "answer") return feeds.get(report.number)?.(report);
      requests.get(report.request)?.(report.text);
      requests.delete(report.request);
    });
    started.on("error", (error) => {
      onError(error);
      worker = undefined;
      for (const settle of requests.values()) settle("");
      requests.clear();
    });
    // The host's life does not hang on this thread.
    started.unref();
    return started;
  };
  const post = (message: ScreenRequest): void => {
    worker ??= start();
    if (message.type === "data") worker.postMessage(message, [message.bytes.buffer as ArrayBuffer]);
    else worker.postMessage(message);
  };
  const ask = (make: (request: number) => ScreenRequest): Promise<string> => {
    const request = nextRequest;
    nextRequest += 1;
    return new Promise((resolve) => {
      requests.set(request, resolve);
      post(make(request));
    });
  };

  return {
    ready() {
      worker ??= start();
      return ready ?? Promise.resolve();
    },
    create(ring, size, events) {
      const number = nextNumber;
      nextNumber += 1;
      let sent = ring.endOffset;
      let parsed = sent;
      let feedTimer: NodeJS.Timeout | undefined;
      const encoder = new TextEncoder();
      ring.pinFrom(parsed);
      const feed = (): void => {
        clearTimeout(feedTimer);
        feedTimer = undefined;
        while (sent - parsed < inFlightBytes) {
          const piece = ring.read(sent);
          if (piece === undefined) return;
          const bytes = new Uint8Array(piece.data.length);
          bytes.set(piece.data);
          sent += bytes.length;
          post({ type: "data", number, bytes });
        }
      };
      const advance = (): void => {
        if (ring.endOffset - sent >= feedNowBytes) feed();
        else feedTimer ??= setTimeout(feed, feedAfterMs);
      };
      // Nothing may be asked about a moment before its bytes have been sent.
      const sendAll = (): void => {
        for (let piece = ring.read(sent); piece !== undefined; piece = ring.read(sent)) {
          const bytes = new Uint8Array(piece.data.length);
          bytes.set(piece.data);
          sent += bytes.length;
          post({ type: "data", number, bytes });
        }
      };
      feeds.set(number, (report) => {
        if (report.type === "reply") events.reply(encoder.encode(report.text));
        else if (report.type === "title") events.title(report.text);
        else if (report.type === "signal") events.signal(report.signal);
        else if (report.type === "settled") events.settled();
        else if (report.type === "parsed") {
          parsed = Math.min(parsed + report.bytes, sent);
          ring.pinFrom(parsed);
          if (ring.endOffset > sent) advance();
          events.progress();
        }
      });
      post({ type: "create", number, ...size });
      return {
        get behindBytes() {
          return ring.endOffset - parsed;
        },
        advance,
        resize(cols, rows) {
          sendAll();
          post({ type: "resize", number, cols, rows });
        },
        skip() {
          sent = Math.max(sent, ring.endOffset - skipTailBytes);
          parsed = sent;
          ring.pinFrom(parsed);
          post({ type: "reset", number });
          advance();
        },
        snapshot(scrollbackLines = snapshotScrollbackLines) {
          sendAll();
          return ask((request) => ({ type: "snapshot", number, request, scrollbackLines }));
        },
        show(format) {
          sendAll();
          return ask((request) => ({ type: "show", number, request, format }));
        },
        async mark(key) {
          sendAll();
          await ask((request) => ({ type: "mark", number, request, key }));
        },
        transcript(key) {
          sendAll();
          return ask((request) => ({ type: "transcript", number, request, key }));
        },
        dispose() {
          clearTimeout(feedTimer);
          feeds.delete(number);
          ring.pinFrom(Number.POSITIVE_INFINITY);
          if (worker !== undefined) post({ type: "dispose", number });
        },
      };
    },
    async close() {
      await worker?.terminate();
      worker = undefined;
    },
  };
}
