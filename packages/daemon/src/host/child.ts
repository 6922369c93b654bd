/** One child of the host: its process, output ring, screen, log, time limit, and exit. */
import { GantryError } from "@gantry/contract/errors";

import { openOutputLog, type OutputLog } from "../core/output-log.ts";
import type {
  ChildExit,
  ChildSpec,
  ChildStatus,
  ChildStream,
  ExitReason,
  ScreenFormat,
  ScreenSignal,
  TerminateOptions,
} from "./interface.ts";
import { watchLines } from "./line-watch.ts";
import { startPipeProcess } from "./pipe-process.ts";
import { endTree, foregroundGroup, markOf, type ProcessMark, startTimeOf } from "./process-tree.ts";
import { findProgram } from "./program.ts";
import type { ProcessEvents, ProgramProcess } from "./program-process.ts";
import { startPtyProcess } from "./pty-process.ts";
import type { Recording, Recordings } from "./recordings.ts";
import { Ring } from "./ring.ts";
import { Sanitizer } from "./sanitizer.ts";
import type { ScreenFeed, Screens } from "./screens.ts";

export interface ChildEvents {
  /** There is output to pass on now; calls are spaced so that floods come in large pieces. */
  output(): void;
  exit(exit: ChildExit): void;
  title(text: string): void;
  inputDropped(bytes: number): void;
  signal(signal: ScreenSignal): void;
  warning(message: string, facts: Record<string, unknown>): void;
}

export interface Child {
  readonly ring: Ring;
  /** Output up to here is to be passed on now; in a flood that is less than the ring has. */
  readonly dueOffset: number;
  readonly mark: ProcessMark;
  readonly exit: ChildExit | undefined;
  status(): ChildStatus;
  write(bytes: Uint8Array): void;
  closeInput(): void;
  resize(cols: number, rows: number): void;
  signal(signal: NodeJS.Signals): void;
  /** Settles when nothing of its tree is left. */
  terminate(options: TerminateOptions): Promise<ChildExit>;
  /** What paints a terminal to the state it has at `offset`. */
  snapshot(scrollbackLines?: number): Promise<{ offset: number; cols: number; rows: number; data: Uint8Array }>;
  show(format: ScreenFormat): Promise<string>;
  markOutput(key: string): Promise<void>;
  /** See HostLink.transcript. */
  transcript(key: string): Promise<string>;
  dispose(): void;
}

const ringBytes = 4 * 1024 * 1024;
const defaultGraceMs = 5000;

// Batches: small enough not to be seen, large enough that a flood does not cost a message per 4 KiB.
const batchMs = 5;
const batchBytes = 64 * 1024;

// A program is held up only for our own parser and log, never for a viewer, and never for long.
const pauseAboveBytes = 8 * 1024 * 1024;
const resumeBelowBytes = 4 * 1024 * 1024;
const maxPauseMs = 10_000;

/** A sequence that is not complete is repeated in a snapshot, unless it is an endless string. */
const maxIncompleteBytes = 64 * 1024;

export interface ChildThreads {
  screens: Screens;
  recordings: Recordings;
}

export async function startChild(spec: ChildSpec, { screens, recordings }: ChildThreads, events: ChildEvents): Promise<Child> {
  const file = await findProgram(spec.argv[0] ?? "", spec.cwd, spec.env.PATH);
  const { name, value } = markOf(spec.id);
  const isPty = spec.mode === "pty";
  if (isPty) await screens.ready();
  const ring = new Ring(ringBytes);
  const sanitizer = new Sanitizer({ clipboard: spec.clipboard === true });
  const log = spec.logFile === undefined ? undefined : await openLog(spec.logFile, spec.logLimitBytes);
  let { cols = 80, rows = 24 } = spec;
  let title = "";
  let exit: ChildExit | undefined;
  let reason: ExitReason | undefined;
  let lastOutputMs = Date.now();
  let logError: string | undefined;
  const exitWaiters: ((exit: ChildExit) => void)[] = [];

  // Passing on: the first bytes at once, then in batches while more keep coming.
  let announced = 0;
  let batching = false;
  /** Blocks were passed on within this batch: the rest waits for the next. */
  let flooding = false;
  const announce = (offset = ring.endOffset): void => {
    if (announced === offset) return;
    announced = offset;
    events.output();
  };
  let batchTimer: NodeJS.Timeout | undefined;
  const endBatch = (): void => {
    batching = announced !== ring.endOffset;
    if (flooding) flooding = false;
    else announce();
    if (batching) batchTimer?.refresh();
  };
  const startBatch = (): void => {
    batching = true;
    if (batchTimer === undefined) batchTimer = setTimeout(endBatch, batchMs);
    else batchTimer.refresh();
  };

  // Flow control
  let paused = false;
  let pauseTimer: NodeJS.Timeout | undefined;
  const behind = (): number =>
    Math.max(screen?.behindBytes ?? 0, recording?.backlogBytes ?? 0, logError === undefined ? (log?.backlogBytes ?? 0) : 0);
  const resume = (): void => {
    paused = false;
    clearTimeout(pauseTimer);
    process_.resume();
  };
  const giveUp = (): void => {
    events.warning("parser or log did not catch up; the screen goes on from the latest output", { child: spec.id, behindBytes: behind() });
    if ((log?.backlogBytes ?? 0) > resumeBelowBytes) logError = "the disk was too slow; the log ends early";
    if ((recording?.backlogBytes ?? 0) > resumeBelowBytes) recording?.skip();
    screen?.skip();
    resume();
  };
  const checkFlow = (): void => {
    if (!paused && behind() > pauseAboveBytes) {
      paused = true;
      process_.pause();
      pauseTimer = setTimeout(giveUp, maxPauseMs);
      void log?.flush().then(checkFlow);
    } else if (paused && behind() < resumeBelowBytes) resume();
  };

  const processEvents: ProcessEvents = {
    output(stream: ChildStream, bytes: Buffer) {
      lastOutputMs = Date.now();
      if (isPty) sanitizer.push(bytes);
      ring.append(stream, bytes);
      if (logError === undefined) log?.append(stream, bytes);
      recording?.output(stream, bytes);
      if (stream === 1) lines?.push(bytes);
      if (!batching) {
        announce();
        startBatch();
      } else if (ring.endOffset - announced >= batchBytes && ring.fullOffset > announced) {
        // Whole blocks: what the last read left over would be one more small message to each viewer.
        flooding = true;
        announce(ring.fullOffset);
      }
      screen?.advance();
      checkFlow();
    },
    ended(code, signal) {
      clearTimeout(timeLimit);
      clearTimeout(pauseTimer);
      // The log is whole before anybody hears of the exit.
      const settle = (): void => {
        const failure = logError ?? log?.error?.message;
        exit = { code, signal, reason: reason ?? "exited", timeMs: Date.now(), ...(failure === undefined ? {} : { logError: failure }) };
        clearTimeout(batchTimer);
        announce();
        events.exit(exit);
        for (const waiter of exitWaiters.splice(0)) waiter(exit);
      };
      if (log === undefined && recording === undefined) settle();
      else void Promise.all([log?.close(), recording?.close({ code, signal, timeMs: Date.now() })]).then(settle, settle);
    },
    inputDropped: (bytes) => events.inputDropped(bytes),
  };
  let process_: ProgramProcess;
  let recording: Recording | undefined;
  try {
    const start = {
      file,
      argv: spec.argv,
      cwd: spec.cwd,
      env: { ...spec.env, [name]: value },
      cols,
      rows,
      stdin: spec.stdin ?? "closed",
    };
    process_ = isPty ? startPtyProcess(start, processEvents) : await startPipeProcess(start, processEvents);
  } catch (cause) {
    await log?.close();
    if (cause instanceof GantryError) throw cause;
    throw new GantryError("resourceExhausted", `${file} could not be started: ${(cause as Error).message}. Nothing was started.`, {
      cause,
    });
  }
  const signals = new Map<ScreenSignal["source"], ScreenSignal>();
  const tellSignal = (signal: ScreenSignal): void => {
    signals.set(signal.source, signal);
    events.signal(signal);
  };
  const lines = isPty || spec.watch?.lines === undefined ? undefined : watchLines(spec.watch.lines, tellSignal);
  /** Of a pipe: offsets. A terminal's marks are its screen's. */
  const marks = new Map<string, number>();
  if (spec.record !== undefined) {
    const { title: recordedTitle } = spec.record;
    recording = recordings.open(
      spec.record,
      { cols, rows, startTimeMs: Date.now(), title: recordedTitle, command: spec.argv.join(" ") },
      {
        progress: checkFlow,
        failed: (message) => events.warning("the recording ends here", { child: spec.id, reason: message }),
      },
    );
  }
  const screen: ScreenFeed | undefined = isPty
    ? screens.create(
        ring,
        { cols, rows, scrollbackLines: spec.scrollbackLines ?? 1000, rules: spec.watch?.rules },
        {
          reply: (bytes) => process_.write(bytes),
          title(text) {
            // oxlint-disable-next-line no-control-regex -- titles reach lists and other people's terminals
            title = text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "").slice(0, 512);
            events.title(title);
          },
          progress: checkFlow,
          signal: tellSignal,
          settled() {
            if (spec.watch?.foreground !== true || exit !== undefined) return;
            const group = foregroundGroup(pid);
            if (group === undefined) return;
            const state = group === pid ? "idle" : "working";
            tellSignal({ source: "foreground", state, detail: `process group ${group}`, timeMs: Date.now() });
          },
        },
      )
    : undefined;
  const { pid } = process_;
  const mark: ProcessMark = { pid, startTime: startTimeOf(pid) ?? "0" };
  const startTimeMs = Date.now();
  const exited = (): Promise<ChildExit> =>
    exit === undefined ? new Promise((resolve) => exitWaiters.push(resolve)) : Promise.resolve(exit);
  const terminate = async (options: TerminateOptions): Promise<ChildExit> => {
    reason ??= exit === undefined ? (options.reason ?? "killed") : undefined;
    const left = await endTree(spec.id, mark, { hangUp: isPty, graceMs: options.graceMs ?? spec.graceMs ?? defaultGraceMs });
    if (left.length > 0) events.warning("processes could not be killed", { child: spec.id, pids: left.map((one) => one.pid) });
    return exited();
  };
  const timeLimit = spec.timeoutMs === undefined ? undefined : setTimeout(() => void terminate({ reason: "timedOut" }), spec.timeoutMs);

  return {
    ring,
    get dueOffset() {
      return announced;
    },
    mark,
    get exit() {
      return exit;
    },
    status: () => ({
      id: spec.id,
      mode: spec.mode,
      state: exit === undefined ? "running" : "exited",
      pid,
      startTimeMs,
      argv: spec.argv,
      cwd: spec.cwd,
      cols,
      rows,
      title,
      startOffset: ring.startOffset,
      endOffset: ring.endOffset,
      lastOutputMs,
      ...(exit === undefined ? {} : { exit }),
      ...(signals.size === 0 ? {} : { signals: [...signals.values()] }),
    }),
    write(bytes) {
      // What comes back on a keystroke is passed on at once, even just after other output.
      batching = false;
      recording?.input(bytes);
      process_.write(bytes);
    },
    closeInput: () => process_.closeInput(),
    resize(newCols, newRows) {
      if (newCols === cols && newRows === rows) return;
      cols = newCols;
      rows = newRows;
      screen?.resize(cols, rows);
      recording?.resize(cols, rows);
      process_.resize(cols, rows);
    },
    signal(signal) {
      if (exit !== undefined) return;
      try {
        process.kill(-((isPty ? foregroundGroup(pid) : undefined) ?? pid), signal);
      } catch {
        // It ended in between.
      }
    },
    terminate,
    async snapshot(scrollbackLines) {
      const offset = ring.endOffset;
      const size = { cols, rows };
      const from = sanitizer.completeOffset;
      const incomplete = offset - from <= maxIncompleteBytes && from >= ring.startOffset ? ring.tail(offset - from) : Buffer.alloc(0);
      const painted = Buffer.from((await screen?.snapshot(scrollbackLines)) ?? "");
      // A sequence cut in two by the snapshot: its rest comes as output and needs its beginning.
      return { offset, ...size, data: incomplete.length === 0 ? painted : Buffer.concat([painted, incomplete]) };
    },
    async show(format) {
      return screen === undefined ? ring.tail(batchBytes).toString() : screen.show(format);
    },
    async markOutput(key) {
      if (screen !== undefined) return screen.mark(key);
      marks.set(key, ring.endOffset);
    },
    async transcript(key) {
      if (screen !== undefined) return screen.transcript(key);
      return ring.tail(ring.endOffset - Math.max(marks.get(key) ?? 0, ring.startOffset)).toString();
    },
    dispose() {
      clearTimeout(batchTimer);
      clearTimeout(pauseTimer);
      clearTimeout(timeLimit);
      screen?.dispose();
    },
  };
}

async function openLog(path: string, limitBytes: number | undefined): Promise<OutputLog> {
  try {
    return await openOutputLog(path, limitBytes === undefined ? {} : { limitBytes });
  } catch (cause) {
    throw new GantryError("unavailable", `The output log ${path} could not be opened. Nothing was started.`, { cause });
  }
}
