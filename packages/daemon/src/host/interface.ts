/** What the process host does, as both sides of its socket see it: `link.ts` offers this to the daemon's rooms. */
import type { ErrorCode } from "@gantry/contract/errors";

export type ChildMode = "pty" | "pipe";
/** Always 1 for a PTY, which has one stream. */
export type ChildStream = 1 | 2;

export interface ChildSpec {
  /** `ses_…` or `exe_…`: chosen by the room, unique for ever. */
  id: string;
  mode: ChildMode;
  /** Started without a shell; argv[0] is looked up on the PATH of `env`. */
  argv: readonly string[];
  cwd: string;
  /** The whole environment: nothing is inherited from the daemon. */
  env: Readonly<Record<string, string>>;
  cols?: number | undefined;
  rows?: number | undefined;
  scrollbackLines?: number | undefined;
  /** Pipe mode: `open` lets write() reach it, `closed` (the default) gives it /dev/null. */
  stdin?: "open" | "closed" | undefined;
  /** An output log (core/output-log.ts) that the host writes even while no daemon is there. */
  logFile?: string | undefined;
  logLimitBytes?: number | undefined;
  /** Programs in a terminal may write the clipboard of whoever looks on. */
  clipboard?: boolean | undefined;
  /** Records what it prints, and what is typed if asked for. */
  record?: RecordSpec | undefined;
  /** Ends the child with reason `timedOut`; enforced by the host, so it holds while the daemon is away. */
  timeoutMs?: number | undefined;
  /** Between TERM and KILL when the time is up. */
  graceMs?: number | undefined;
  /** Tell what the program is doing, as `signal` events. */
  watch?: ScreenWatch | undefined;
}

/** What a program is doing, as far as what it prints can tell. */
export type WatchedState = "working" | "waitingPermission" | "waitingInput" | "idle";

export interface ScreenWatch {
  /** The first that matches counts. */
  rules: readonly ScreenRule[];
  /** A shell: idle while the terminal belongs to itself, working while it belongs to something it started. */
  foreground?: boolean | undefined;
  /** Between pipes: what a line of JSON says, by its `type` or `type.subtype`. */
  lines?: Readonly<Record<string, WatchedState>> | undefined;
}

export interface ScreenSignal {
  /**
   * `osc`: progress (9;4), shell marks (133), notices (777). `screen`: a rule matched the screen, or none ever did (`unknown`).
   * `stream`: a line of JSON; `unknown` when the first line is none.
   */
  source: "osc" | "title" | "foreground" | "screen" | "stream";
  state: WatchedState | "unknown";
  /** Which sequence, rule, or line. */
  detail: string;
  timeMs: number;
}

export interface ScreenRule {
  state: WatchedState;
  /** RE2's syntax, matched in linear time; `^` and `$` are a line's ends. */
  match: string;
  /** `bottom`: the last 12 lines with text. */
  in: "screen" | "bottom" | "title";
}

/** An asciicast v3; its file must not exist yet. */
export interface RecordSpec {
  file: string;
  /** What is beyond is left out, and the recording says so. */
  limitBytes: number;
  input: boolean;
  title: string;
}

/** Why it ended: by itself, or the first thing that ended it. */
export type ExitReason = "exited" | "timedOut" | "cancelled" | "killed" | "shutdown" | "idleTimeout" | "memoryLimit";

export interface ChildExit {
  /** null when a signal ended it. */
  code: number | null;
  /** Such as SIGTERM. */
  signal: string | null;
  reason: ExitReason;
  timeMs: number;
  /** Set when the output log could not be written whole (disk full, for example). */
  logError?: string | undefined;
}

export interface ChildStatus {
  id: string;
  mode: ChildMode;
  state: "running" | "exited";
  pid: number;
  startTimeMs: number;
  argv: readonly string[];
  cwd: string;
  cols: number;
  rows: number;
  /** As the program set it by OSC 0 or 2. */
  title: string;
  /** The oldest offset that can still be replayed byte by byte. */
  startOffset: number;
  /** Bytes of output so far. */
  endOffset: number;
  lastOutputMs: number;
  exit?: ChildExit | undefined;
  /** Only when it was asked for, and while it runs. */
  usage?: TreeUsage | undefined;
  /** The latest signal of each source, for a child that is watched. */
  signals?: ScreenSignal[] | undefined;
}

/** What a child and everything it started use, as /proc tells it. */
export interface TreeUsage {
  /** Since the measurement before; 100 is one core. */
  cpuPercent: number;
  /** Processor time of those that live and those they waited for. */
  cpuMs: number;
  /** Resident; what processes share is counted for each. */
  memoryBytes: number;
  processes: number;
  threads: number;
}

/** One stretch of output. `message` is the ready-made `output` message of session-protocol.ts, shared by all viewers. */
export interface OutputChunk {
  offset: number;
  stream: ChildStream;
  data: Uint8Array;
  message: Uint8Array;
}

/** What paints a terminal to the state it had at `offset`. `message` is the ready-made `snapshot` message. */
export interface ScreenSnapshot {
  offset: number;
  cols: number;
  rows: number;
  data: Uint8Array;
  message: Uint8Array;
}

export type ScreenFormat = "text" | "ansi" | "html";

export interface FollowOptions {
  since?: number | undefined;
  scrollbackLines?: number | undefined;
}

export interface FollowListener {
  output(chunk: OutputChunk): void;
  /** PTY only: everything shown so far is void; paint this, then go on with output from `snapshot.offset`. */
  snapshot(snapshot: ScreenSnapshot): void;
  /** The replay has caught up; what comes now is live. */
  live?(): void;
  /** After the last byte of output. Called at once for a child that has already ended (after its replay). */
  exit(exit: ChildExit): void;
  /** The host died; there will be nothing more. */
  lost?(): void;
}

export interface Follow {
  /** Nothing is delivered while paused, and nothing is held back in memory: resume() replays what was missed, or sends a snapshot. */
  pause(): void;
  resume(): void;
  close(): void;
}

export interface TerminateOptions {
  graceMs?: number | undefined;
  reason?: ExitReason | undefined;
}

export interface HostLinkEvents {
  exit: (id: string, exit: ChildExit) => void;
  /** The host died and its child with it (or the child's leftovers were killed). */
  lost: (id: string) => void;
  /** The program set another title. */
  title: (id: string, title: string) => void;
  inputDropped: (id: string, droppedBytes: number) => void;
  /** One source tells what a watched program is doing; repeated when the screen has settled anew. */
  signal: (id: string, signal: ScreenSignal) => void;
}

/** Rejections are GantryErrors: programNotFound, cannotExecute, invalidArgument (cwd), notFound (no such child), unavailable (no host). */
export interface HostLink {
  /** Resolves when the program runs. */
  spawn(spec: ChildSpec): Promise<ChildStatus>;
  /** Running children, and ended ones that nobody has forgotten yet: their exit and output are kept until then. */
  list(options?: { usage: boolean }): Promise<ChildStatus[]>;
  /** Input is queued in order; when the program leaves more than 4 MiB unread, the rest is dropped and `inputDropped` tells so. */
  write(id: string, bytes: Uint8Array): void;
  closeInput(id: string): void;
  resize(id: string, cols: number, rows: number): void;
  /** To the foreground process group of a PTY, else to the child's group. */
  signal(id: string, signal: NodeJS.Signals): Promise<void>;
  /** HUP and TERM, then KILL after graceMs (default 5,000). Resolves when nothing of its tree is left. */
  terminate(id: string, options?: TerminateOptions): Promise<ChildExit>;
  snapshot(id: string): Promise<ScreenSnapshot>;
  screen(id: string, format: ScreenFormat): Promise<string>;
  /** Remembers where the output stands now, under a key of the caller's. */
  mark(id: string, key: string): Promise<void>;
  /** What has been printed since the mark, as text without what merely was painted again; all that is kept when there is no such mark. */
  transcript(id: string, key: string): Promise<string>;
  /** Without `since`: a snapshot first for a PTY, with so many lines before the screen; everything still kept for a pipe. */
  follow(id: string, options: FollowOptions, listener: FollowListener): Follow;
  /** Drops the exit and the output that the host keeps of an ended child. */
  forget(id: string): Promise<void>;
  on<Name extends keyof HostLinkEvents>(name: Name, listener: HostLinkEvents[Name]): () => void;
  /** Ends the connection; the host and its children live on. */
  close(): Promise<void>;
  /** Terminates every child and the host. */
  shutdown(graceMs?: number): Promise<void>;
}

export interface HostProblem {
  code: ErrorCode;
  message: string;
  details?: Record<string, unknown> | undefined;
}
