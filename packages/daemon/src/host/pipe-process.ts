/** A program between pipes, with stdout and stderr told apart, leader of a session and process group of its own. */
import { spawn } from "node:child_process";

import { GantryError } from "@gantry/contract/errors";

import type { ChildStream } from "./interface.ts";
import { maxUnreadInputBytes, type ProcessEvents, type ProcessStart, type ProgramProcess } from "./program-process.ts";

/** A background process may hold the pipes for ever; the program's own last bytes are read long before this. */
const maxSilenceAfterExitMs = 500;

export function startPipeProcess(start: ProcessStart, events: ProcessEvents): Promise<ProgramProcess> {
  const child = spawn(start.file, start.argv.slice(1), {
    argv0: start.argv[0],
    cwd: start.cwd,
    env: { ...start.env, PWD: start.cwd },
    detached: true,
    stdio: [start.stdin === "open" ? "pipe" : "ignore", "pipe", "pipe"],
  });
  const streams = [child.stdout, child.stderr] as const;
  let exited = false;
  let ended = false;
  let guard: NodeJS.Timeout | undefined;
  const armGuard = (): void => {
    if (!exited || ended) return;
    clearTimeout(guard);
    guard = setTimeout(() => {
      if (streams.some((stream) => stream?.isPaused())) armGuard();
      else for (const stream of streams) stream?.destroy();
    }, maxSilenceAfterExitMs);
  };
  streams.forEach((stream, index) => {
    stream?.on("data", (bytes: Buffer) => {
      events.output((index + 1) as ChildStream, bytes);
      armGuard();
    });
    stream?.on("error", () => {});
  });
  child.stdin?.on("error", () => {});
  child.on("exit", () => {
    exited = true;
    armGuard();
  });
  child.on("close", (code, signal) => {
    if (child.pid === undefined) return;
    ended = true;
    clearTimeout(guard);
    child.stdin?.destroy();
    events.ended(code, signal);
  });
  return new Promise((resolve, reject) => {
    child.once("error", (cause: NodeJS.ErrnoException) => {
      const code = cause.code === "EAGAIN" || cause.code === "EMFILE" || cause.code === "ENOMEM" ? "resourceExhausted" : "cannotExecute";
      reject(new GantryError(code, `${start.file} could not be started (${cause.code ?? cause.message}).`, { cause }));
    });
    child.once("spawn", () => {
      resolve({
        pid: child.pid as number,
        write(bytes) {
          const { stdin } = child;
          if (stdin === null || stdin.destroyed || stdin.writableEnded) return events.inputDropped(bytes.length);
          if (stdin.writableLength + bytes.length > maxUnreadInputBytes) return events.inputDropped(bytes.length);
          stdin.write(bytes);
        },
        closeInput: () => void child.stdin?.end(),
        resize: () => {},
        pause: () => streams.forEach((stream) => stream?.pause()),
        resume: () => streams.forEach((stream) => stream?.resume()),
      });
    });
  });
}
