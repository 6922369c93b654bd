/** The daemon's log: JSON lines through pino, with everything that looks like a secret taken out. */
import { pino } from "pino";

export type { Logger } from "pino";
export type LogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace";

interface LoggerOptions {
  level: LogLevel;
  /** Path of the log file; standard error when undefined. */
  file?: string | undefined;
}

const redacted = ["key", "apiKey", "authorization", "cookie", "password", "secret", "token", "env"];

export function createLogger({ level, file }: LoggerOptions) {
  // Synchronous: the last lines before a crash are the ones that matter, and the daemon logs little.
  const destination = pino.destination({ dest: file ?? 2, sync: true, mode: 0o600 });
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redacted.flatMap((name) => [name, `*.${name}`]), censor: "[secret]" },
    },
    destination,
  );
}
