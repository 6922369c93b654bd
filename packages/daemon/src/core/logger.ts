/** The daemon's log: JSON lines through pino, with everything that looks like a secret taken out. */
import { renameSync, statSync } from "node:fs";

import { type Logger, multistream, pino, stdTimeFunctions, type StreamEntry } from "pino";
import { PinoPretty } from "pino-pretty";

export type { Logger } from "pino";
export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace";

interface LoggerOptions {
  level: LogLevel;
  /** Path of the log file; none when undefined. */
  file?: string | undefined;
  /** Also to standard error: for people on a terminal, as JSON lines for whatever collects them elsewhere. */
  stderr?: boolean;
}

const redacted = ["key", "apiKey", "authorization", "cookie", "password", "secret", "token", "env"];

/** A log that grew over this is put aside at the next start, with one generation kept. */
const rotateAboveBytes = 20 * 1024 * 1024;

export function createLogger({ level, file, stderr = false }: LoggerOptions): Logger {
  const streams: StreamEntry[] = [];
  if (file !== undefined) {
    rotate(file);
    // Synchronous: the last lines before a crash are the ones that matter, and the daemon logs little.
    streams.push({ level, stream: pino.destination({ dest: file, sync: true, mode: 0o600 }) });
  }
  if (stderr) {
    const stream = process.stderr.isTTY
      ? PinoPretty({ destination: 2, sync: true, translateTime: "SYS:HH:MM:ss", ignore: "pid,hostname" })
      : pino.destination({ dest: 2, sync: true });
    streams.push({ level, stream });
  }
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: redacted.flatMap((name) => [name, `*.${name}`]), censor: "[secret]" },
  };
  return pino(options, multistream(streams));
}

function rotate(file: string): void {
  try {
    if (statSync(file).size > rotateAboveBytes) renameSync(file, `${file}.1`);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
  }
}
