/**
 * A program in a pseudo-terminal.
 *
 * Uses node-pty's native binding below its JavaScript class, because that class destroys the terminal 200 ms after the
 * program's exit (output is lost if reading was paused), writes through the thread pool, and spins when input is not read.
 */
import { writeSync } from "node:fs";
import { constants } from "node:os";
import { ReadStream } from "node:tty";

import * as nodePty from "@lydell/node-pty";

import { maxUnreadInputBytes, type ProcessEvents, type ProcessStart, type ProgramProcess } from "./program-process.ts";

/** The part of node-pty 1.2's binding that is used here; pinned in package.json because it is not public. */
interface NativePty {
  fork(
    file: string,
    args: string[],
    env: string[],
    cwd: string,
    cols: number,
    rows: number,
    uid: number,
    gid: number,
    utf8: boolean,
    helperPath: string,
    onExit: (code: number, signal: number) => void,
  ): { fd: number; pid: number; pty: string };
  resize(fd: number, cols: number, rows: number, pixelWidth: number, pixelHeight: number): void;
}

const native = (nodePty as unknown as { native: NativePty }).native;
const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));

/** The kernel closes the terminal when its leader exits; this only guards against a kernel that does not. */
const maxSilenceAfterExitMs = 2000;

export function startPtyProcess(start: ProcessStart, events: ProcessEvents): ProgramProcess {
  const env = Object.entries({ TERM: "xterm-256color", ...start.env, PWD: start.cwd }).map(([name, value]) => `${name}=${value}`);
  let exit: { code: number | null; signal: string | null } | undefined;
  let drained = false;
  let guard: NodeJS.Timeout | undefined;
  const finish = (): void => {
    if (exit === undefined || !drained) return;
    clearTimeout(guard);
    events.ended(exit.code, exit.signal);
  };
  const { fd, pid } = native.fork(
    start.file,
    start.argv.slice(1),
    env,
    start.cwd,
    start.cols,
    start.rows,
    -1,
    -1,
    true,
    "",
    (code, signal) => {
      exit = signal === 0 ? { code, signal: null } : { code: null, signal: signalNames.get(signal) ?? String(signal) };
      armGuard();
      finish();
    },
  );
  const reader = new ReadStream(fd);
  const armGuard = (): void => {
    if (exit === undefined || drained) return;
    clearTimeout(guard);
    guard = setTimeout(() => (reader.isPaused() ? armGuard() : void reader.destroy()), maxSilenceAfterExitMs);
  };
  reader.on("data", (bytes: Buffer) => {
    events.output(1, bytes);
    armGuard();
  });
  // EIO is how Linux says that the last holder of the terminal is gone.
  reader.on("error", () => reader.destroy());
  reader.on("close", () => {
    drained = true;
    input.stop();
    finish();
  });
  const input = createInput(fd, events);
  return {
    pid,
    write: (bytes) => input.write(bytes),
    // A terminal has no end of file of its own: Ctrl-D means it to a program in line mode.
    closeInput: () => input.write(new Uint8Array([4])),
    resize: (cols, rows) => {
      if (!drained) native.resize(fd, cols, rows, 0, 0);
    },
    pause: () => void reader.pause(),
    resume: () => void reader.resume(),
  };
}

/** Writes at once while the terminal takes it; otherwise tries again a little later, ever more slowly. */
function createInput(fd: number, events: ProcessEvents) {
  const queue: Uint8Array[] = [];
  let queued = 0;
  let stopped = false;
  let retry: NodeJS.Timeout | undefined;
  let waitMs = 1;
  const pump = (): void => {
    retry = undefined;
    while (queue.length > 0) {
      const bytes = queue[0] as Uint8Array;
      let count: number;
      try {
        count = writeSync(fd, bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EAGAIN") return stop();
        waitMs = Math.min(waitMs * 2, 50);
        retry = setTimeout(pump, waitMs);
        return;
      }
      waitMs = 1;
      queued -= count;
      if (count === bytes.length) queue.shift();
      else queue[0] = bytes.subarray(count);
    }
  };
  const stop = (): void => {
    stopped = true;
    clearTimeout(retry);
    queue.length = 0;
  };
  return {
    write(bytes: Uint8Array): void {
      if (stopped) return;
      if (queued + bytes.length > maxUnreadInputBytes) return events.inputDropped(bytes.length);
      queue.push(bytes);
      queued += bytes.length;
      if (retry === undefined) pump();
    },
    stop,
  };
}
