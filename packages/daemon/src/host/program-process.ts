/** One running program behind one small interface, whether it sits in a terminal or between pipes. */
import type { ChildStream } from "./interface.ts";

export interface ProcessStart {
  /** Absolute path of the executable. */
  file: string;
  argv: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  cols: number;
  rows: number;
  stdin: "open" | "closed";
}

export interface ProcessEvents {
  output(stream: ChildStream, bytes: Buffer): void;
  /** After the last byte of output, once. */
  ended(code: number | null, signal: string | null): void;
  /** Input that the program left unread for too long was dropped. */
  inputDropped(bytes: number): void;
}

export interface ProgramProcess {
  readonly pid: number;
  write(bytes: Uint8Array): void;
  closeInput(): void;
  resize(cols: number, rows: number): void;
  /** Stops and resumes reading; the program blocks once the kernel's buffer is full. */
  pause(): void;
  resume(): void;
}

/** Beyond this, what is typed is dropped: a program that never reads must not fill the host's memory. */
export const maxUnreadInputBytes = 4 * 1024 * 1024;
