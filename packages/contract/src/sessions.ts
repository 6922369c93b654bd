/** Sessions: interactive processes in a terminal (or with pipes) that live on without their viewers, and even without the daemon. */
import { z } from "zod";

import { agentEvents, agentOperations, AgentStatus, Prompt } from "./agents.ts";
import { event } from "./event.ts";
import { operation, room } from "./operation.ts";
import { DisplayText, DurationMs, Environment, Name, pageInput, pageOf, ProcessText, SessionId, Timestamp } from "./primitives.ts";
import { profileOperations } from "./profiles.ts";
import { SessionSignal } from "./session-json.ts";
import { maxCols, maxRows } from "./session-protocol.ts";

/** `failed`: it could not be started, or ended at once with a failure. `lost`: the process host died, and the program with it. */
export const SessionState = z.enum(["starting", "active", "idle", "exited", "failed", "lost"]);
export type SessionState = z.infer<typeof SessionState>;

export const SessionMode = z.enum(["pty", "pipe"]);
export type SessionMode = z.infer<typeof SessionMode>;

const Cols = z.int().min(1).max(maxCols);
const Rows = z.int().min(1).max(maxRows);

/** One client connected to a session. */
export const SessionAttachment = z.object({
  attachmentId: z.string(),
  /** The key that attached, or `local`. */
  owner: z.string(),
  /** Its size counts, and it may type. At most one of a session's attachments has control. */
  controller: z.boolean(),
  readOnly: z.boolean(),
  attachedAt: Timestamp,
});
export type SessionAttachment = z.infer<typeof SessionAttachment>;

/** What the program and everything it started use; measured when it is asked for. */
export const SessionResources = z.object({
  /** Since the measurement before; 100 is one core. */
  cpuPercent: z.number(),
  /** Processor time so far. */
  cpuMs: z.int(),
  /** Resident memory. */
  memoryBytes: z.int(),
  processes: z.int(),
  threads: z.int(),
  startedAt: Timestamp,
});
export type SessionResources = z.infer<typeof SessionResources>;

export const Session = z.object({
  sessionId: SessionId,
  name: z.string().nullable(),
  profile: z.string().nullable(),
  mode: SessionMode,
  state: SessionState,
  argv: z.array(z.string()),
  cwd: z.string(),
  cols: z.int(),
  rows: z.int(),
  pid: z.int().nullable(),
  /** As the program set it; control characters removed. */
  title: z.string(),
  tags: z.array(z.string()),
  /** The key that opened it, or `local` for the owner on the control socket. */
  owner: z.string(),
  viewers: z.int(),
  /** What an agent or a shell is doing; null for programs that Gantry cannot read. */
  agent: AgentStatus.nullable(),
  /** Prompts that wait for the agent to be idle. */
  queuedPrompts: z.int(),
  /** null when it has ended, or where there is no /proc. */
  resources: SessionResources.nullable(),
  /** There is or was a recording of it. */
  recording: z.boolean(),
  /** Bytes of output so far. */
  outputBytes: z.int(),
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  /** Why it ended, for example `exited`, `killed`, `lost`; null while it lives. */
  endReason: z.string().nullable(),
  createdAt: Timestamp,
  /** The last input or output. */
  lastActivityAt: Timestamp,
  endedAt: Timestamp.nullable(),
});
export type Session = z.infer<typeof Session>;

export const SessionDetail = Session.extend({
  attachments: z.array(SessionAttachment),
  /** The one at work and those that wait, in order. */
  prompts: z.array(Prompt),
});
export type SessionDetail = z.infer<typeof SessionDetail>;

/** Text is never cut inside a character; bytes that are no UTF-8 are U+FFFD. `snapshot`: all before is void, this paints the screen. */
export const SessionOutputEvent = z.discriminatedUnion("type", [
  z.object({ type: z.enum(["stdout", "stderr"]), offset: z.int(), nextOffset: z.int(), data: z.string() }),
  z.object({ type: z.literal("snapshot"), nextOffset: z.int(), cols: z.int(), rows: z.int(), data: z.string() }),
  z.object({
    type: z.literal("exit"),
    state: SessionState,
    exitCode: z.int().nullable(),
    signal: z.string().nullable(),
    reason: z.string(),
  }),
]);
export type SessionOutputEvent = z.infer<typeof SessionOutputEvent>;

/** A process that owns programs and outlives the daemon. */
export const ProcessHost = z.object({
  number: z.int(),
  /** null: it does not run, or cannot be asked. */
  pid: z.int().nullable(),
  version: z.string().nullable(),
  /** Programs of sessions and executions that run there. */
  running: z.int(),
  /** Of another version: it keeps its programs to their end, gets no new ones, and then leaves. */
  draining: z.boolean(),
});
export type ProcessHost = z.infer<typeof ProcessHost>;

/** `text` and `html`: every line that the terminal showed in the end, those above the screen included. */
export const RecordingFormat = z.enum(["cast3", "cast2", "text", "html"]);
export type RecordingFormat = z.infer<typeof RecordingFormat>;

const Argument = ProcessText.max(131_072);
const Tag = DisplayText.max(64).min(1);

export const OpenSessionInput = z.object({
  /** A profile's name; see GET /profiles. Either this or `argv`. */
  profile: Name.optional(),
  /** More arguments for the profile's program. Needs the right to run freely. */
  args: z.array(Argument).max(4096).optional(),
  /** With the profile's arguments that let an agent act without asking. Needs the right to run freely, unless the profile is configured so. */
  fullAccess: z.boolean().optional(),
  /** Continue the agent's latest conversation, or the one with this id. Needs the right to run freely. */
  resume: z.union([z.boolean(), z.string().regex(/^[A-Za-z0-9][\w.:-]{0,127}$/, "must be a conversation's id")]).optional(),
  /** Started as is, without a shell. Needs the right to run freely. */
  argv: z.array(Argument).min(1).max(4096).optional(),
  /** A name to type instead of the id; unique among live sessions. */
  name: Name.refine((name) => !name.startsWith("ses_"), "must not look like an id").optional(),
  /** Absolute. Needs the right to run freely. The owner's home unless given. */
  cwd: z.string().max(4096).startsWith("/", "must be an absolute path").optional(),
  /** Added to a minimal environment. Needs the right to run freely. */
  env: Environment.optional(),
  mode: SessionMode.default("pty"),
  cols: Cols.default(80),
  rows: Rows.default(24),
  tags: z.array(Tag).max(16).default([]),
  /** Record what it prints; as configured unless given. */
  record: z.boolean().optional(),
  /** Also record what is typed, passwords included. */
  recordInput: z.boolean().default(false),
  /** A program that fails within this time is an error, with its last output, instead of a session; 0 does not look. */
  settleMs: z.int().min(0).max(10_000).default(100),
});
export type OpenSessionInput = z.output<typeof OpenSessionInput>;

/** What came of a text that was typed. It is never typed twice. */
export const Typed = z.object({
  /** Of the text. */
  bytes: z.int(),
  /** Whether the screen reacted to Enter; null where nothing was looked for: without Enter, and between pipes. */
  submitted: z.boolean().nullable(),
  /** When it was not submitted: what was seen, and what became of the text. */
  error: z.string().nullable(),
});
export type Typed = z.infer<typeof Typed>;

/** What an attachment asks for when it opens; text from a WebSocket's query is read as well. */
export const AttachSessionInput = z.strictObject({
  id: z.string().min(1).max(128),
  /** The offset behind what the client has already shown; without it, a snapshot comes first. */
  since: z.coerce.number<string | number>().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  readOnly: z.union([z.boolean(), z.stringbool()]).default(false),
  /** Takes control from whoever has it, instead of only when nobody has. */
  control: z.union([z.boolean(), z.stringbool()]).default(false),
  cols: z.coerce.number<string | number>().int().min(1).max(maxCols).optional(),
  rows: z.coerce.number<string | number>().int().min(1).max(maxRows).optional(),
});
export type AttachSessionInput = z.input<typeof AttachSessionInput>;

/** The name under which the control socket opens an attachment; on a WebSocket it is /ws/sessions/{id}. */
export const attachOperation = "sessions.attach";

/** An id, or the name of a live session (or else of the last one that had it). */
const id = z.string().min(1).max(128);
const ref = z.object({ id });
const Input = z.string().max(1024 * 1024);

export const sessionOperations = room("sessions", {
  ...profileOperations,
  ...agentOperations,
  open: operation({
    method: "POST",
    path: "/sessions",
    permission: "sessions.open",
    summary: "Open a session: start a program in a terminal of its own that lives on without viewers",
    input: OpenSessionInput,
    output: Session,
    successStatus: () => 201,
    errors: ["programNotFound", "cannotExecute", "conflict", "resourceExhausted", "notFound", "unavailable"],
  }),
  list: operation({
    method: "GET",
    path: "/sessions",
    permission: "sessions.read",
    summary: "List sessions, newest first",
    input: z.object({
      ...pageInput,
      state: z.union([SessionState, z.array(SessionState)]).optional(),
      live: z.stringbool().or(z.boolean()).optional(),
      /** Only sessions with this tag. */
      tag: Tag.optional(),
      /** Only sessions with this text in their name, title, program, folder, or tags; upper and lower case are the same. */
      search: DisplayText.min(1).optional(),
    }),
    output: pageOf(Session),
  }),
  get: operation({
    method: "GET",
    path: "/sessions/:id",
    permission: "sessions.read",
    summary: "Show one session with its attachments",
    input: ref,
    output: SessionDetail,
    errors: ["notFound"],
  }),
  input: operation({
    method: "POST",
    path: "/sessions/:id/input",
    permission: "sessions.control",
    summary: "Write to the program's input exactly as given, as text or base64",
    input: z.object({ id, text: Input.optional(), base64: z.base64().max(1_400_000).optional() }),
    output: z.object({ bytes: z.int() }),
    errors: ["notFound", "conflict"],
  }),
  send: operation({
    method: "POST",
    path: "/sessions/:id/send",
    permission: "sessions.control",
    summary: "Type a text, press Enter, and see whether the screen reacts; as a paste where the program asked for bracketed paste",
    input: z.object({ id, text: Input, enter: z.boolean().default(true) }),
    output: Typed,
    mayTakeLong: true,
    errors: ["notFound", "conflict", "resourceExhausted"],
  }),
  interrupt: operation({
    method: "POST",
    path: "/sessions/:id/interrupt",
    permission: "sessions.control",
    summary: "Press Ctrl-C (a terminal), or send SIGINT (pipes)",
    input: ref,
    output: Session,
    errors: ["notFound", "conflict"],
  }),
  signal: operation({
    method: "POST",
    path: "/sessions/:id/signal",
    permission: "sessions.control",
    summary: "Send a signal to the session's foreground process group",
    input: z.object({
      id,
      signal: SessionSignal,
    }),
    output: Session,
    errors: ["notFound", "conflict"],
  }),
  resize: operation({
    method: "POST",
    path: "/sessions/:id/resize",
    permission: "sessions.control",
    summary: "Set the terminal's size",
    input: z.object({ id, cols: Cols, rows: Rows }),
    output: Session,
    errors: ["notFound", "conflict"],
  }),
  screen: operation({
    method: "GET",
    path: "/sessions/:id/screen",
    permission: "sessions.read",
    summary: "What the terminal shows: plain text, text with escape sequences, or HTML",
    input: z.object({ id, format: z.enum(["text", "ansi", "html"]).default("text") }),
    output: z.string(),
    textType: "text/plain",
    errors: ["notFound", "unavailable"],
  }),
  output: operation({
    method: "GET",
    path: "/sessions/:id/output",
    permission: "sessions.read",
    summary: "The output as text, or as a stream of events that follows until the end and resumes at an offset",
    input: z.object({
      id,
      /** A `nextOffset` seen before. When so much is no longer kept, a terminal's screen comes first instead. */
      since: z.int().min(0).default(0),
      /** Streams only: go on until the session has ended (the default), or end with what there is now. */
      follow: z.boolean().default(true),
    }),
    output: z.string(),
    textType: "text/plain",
    events: SessionOutputEvent,
    errors: ["notFound", "unavailable"],
  }),
  recording: operation({
    method: "GET",
    path: "/sessions/:id/recording",
    permission: "sessions.read",
    summary: "The recording of a session: asciicast v3 or v2, or all its lines as text or HTML",
    input: z.object({ id, format: RecordingFormat.default("cast3") }),
    output: z.string(),
    textType: "text/plain",
    errors: ["notFound"],
  }),
  broadcast: operation({
    method: "POST",
    path: "/sessions/:id/broadcast",
    permission: "sessions.control",
    summary: "Show a notice to everybody attached; the program does not see it",
    input: z.object({ id, message: DisplayText.min(1) }),
    output: z.object({ recipients: z.int() }),
    errors: ["notFound"],
  }),
  control: operation({
    method: "POST",
    path: "/sessions/:id/control",
    permission: "sessions.control",
    summary: "Give control (typing, size) to one of the attachments, or take it from all",
    input: z.object({ id, attachmentId: z.string().max(64).nullable() }),
    output: SessionDetail,
    errors: ["notFound", "conflict"],
  }),
  hosts: operation({
    method: "GET",
    path: "/hosts",
    permission: "instances.read",
    summary: "The process hosts, which own the programs of sessions and executions",
    input: z.object({}),
    output: z.object({ items: z.array(ProcessHost) }),
  }),
  cleanup: operation({
    method: "POST",
    path: "/sessions/cleanup",
    permission: "sessions.control",
    summary: "End the sessions that have been idle for too long, and let go of what is kept of ended ones",
    input: z.object({
      /** Idle for at least this long, instead of what is configured; 0 ends every session that is not busy and that nobody views. */
      idleMs: DurationMs.optional(),
      /** Only tell which sessions would be ended. */
      dryRun: z.boolean().default(false),
    }),
    output: z.object({
      /** Ended now, or with `dryRun`: to be ended. */
      ended: z.array(Session),
      /** Sessions whose last screen was let go. */
      released: z.int(),
      /** Recordings that were beyond the limit of all together. */
      recordingsRemoved: z.int(),
    }),
    errors: ["unavailable"],
    idempotent: true,
  }),
  kill: operation({
    method: "DELETE",
    path: "/sessions/:id",
    permission: "sessions.control",
    summary: "End a session: hang up, then TERM, then KILL, to everything it started; answers when it is gone",
    input: ref,
    output: Session,
    errors: ["notFound"],
    idempotent: true,
  }),
});

const Brief = z.object({ sessionId: SessionId, name: z.string().nullable(), state: SessionState, owner: z.string() });

export const sessionEvents = {
  ...agentEvents,
  "session.opened": event("sessions.read", Brief),
  "session.state": event("sessions.read", Brief),
  "session.attachments": event("sessions.read", Brief.extend({ viewers: z.int() })),
  "session.resized": event("sessions.read", Brief.extend({ cols: z.int(), rows: z.int() })),
  "session.title": event("sessions.read", Brief.extend({ title: z.string() })),
  "session.ended": event(
    "sessions.read",
    Brief.extend({ exitCode: z.int().nullable(), signal: z.string().nullable(), endReason: z.string() }),
  ),
} as const;
