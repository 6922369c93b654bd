/** The daemon's log: JSON lines through pino, with everything that looks like a secret taken out. */
import { renameSync, statSync } from "node:fs";
import { createRequire } from "node:module";

import { type Logger, multistream, pino, stdTimeFunctions, type StreamEntry } from "pino";
import type * as pinoPretty from "pino-pretty";

export type { Logger } from "pino";
export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace";

interface LoggerOptions {
  level: LogLevel;
  /** Path of the log file; none when undefined. */
  file?: string | undefined;
  /** A file that grew over this is put aside, with one generation kept: both together are never much more than twice this. May change. */
  rotateAtBytes?: () => number;
  /** Also to standard error: for people on a terminal, as JSON lines for whatever collects them elsewhere. */
  stderr?: boolean;
}

const redacted = ["key", "apiKey", "authorization", "cookie", "password", "secret", "token", "env"];

const rotationIntervalMs = 5000;

/** The logger alone decides, so that its level can be changed. */
const everything = "trace";

export function createLogger({ level, file, rotateAtBytes = () => Number.POSITIVE_INFINITY, stderr = false }: LoggerOptions): Logger {
  const streams: StreamEntry[] = [];
  if (file !== undefined) {
    rotate(file, rotateAtBytes());
    // Synchronous: the last lines before a crash are the ones that matter, and the daemon logs little.
    const stream = pino.destination({ dest: file, sync: true, mode: 0o600 });
    setInterval(() => {
      try {
        if (rotate(file, rotateAtBytes())) stream.reopen();
      } catch {
        // A log that cannot be put aside goes on growing: better than a daemon that ends because of its log.
      }
    }, rotationIntervalMs).unref();
    streams.push({ level: everything, stream });
  }
  if (stderr) {
    streams.push({ level: everything, stream: process.stderr.isTTY ? prettyStream() : pino.destination({ dest: 2, sync: true }) });
  }
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: redacted.flatMap((name) => [name, `*.${name}`]), censor: "[secret]" },
  };
  const logger: Logger = pino(
    {
      ...options,
      onChild(child) {
        livingParts(logger);
        parts.get(logger)?.add(new WeakRef(child as Logger));
      },
    },
    multistream(streams),
  );
  parts.set(logger, new Set());
  return logger;
}

/** Those that were made from each logger for a part of the daemon; they have levels of their own. */
const parts = new WeakMap<Logger, Set<WeakRef<Logger>>>();

export function setLevel(logger: Logger, level: LogLevel): void {
  for (const one of [logger, ...livingParts(logger)]) one.level = level;
}

function livingParts(logger: Logger): Logger[] {
  const all = parts.get(logger) ?? new Set();
  return [...all].flatMap((reference) => {
    const part = reference.deref();
    if (part === undefined) all.delete(reference);
    return part === undefined ? [] : [part];
  });
}

/** Loaded only where people read. */
function prettyStream(): StreamEntry["stream"] {
  const { PinoPretty } = createRequire(import.meta.url)("pino-pretty") as typeof pinoPretty;
  return PinoPretty({ destination: 2, sync: true, translateTime: "SYS:HH:MM:ss", ignore: "pid,hostname" });
}

/** True when the file was put aside. */
function rotate(file: string, aboveBytes: number): boolean {
  try {
    if (statSync(file).size <= aboveBytes) return false;
    renameSync(file, `${file}.1`);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return false;
    throw error;
  }
}
