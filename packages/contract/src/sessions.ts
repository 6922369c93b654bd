/** Sessions: interactive processes in a terminal (or with pipes) that live on without their viewers, and even without the daemon. */
import { z } from "zod";

import { event } from "./event.ts";
import { operation, room } from "./operation.ts";
import { DisplayText, Environment, Name, pageInput, pageOf, SessionId, Timestamp } from "./primitives.ts";
import { maxCols, maxRows } from "./session-protocol.ts";

/** `failed`: it never ran. `lost`: the process host died, and the program with it. */
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

export const SessionDetail = Session.extend({ attachments: z.array(SessionAttachment) });
export type SessionDetail = z.infer<typeof SessionDetail>;

const Argument = z.string().max(131_072);

export const OpenSessionInput = z.object({
  /** A profile's name, or a program's to be run without arguments. Either this or `argv`. */
  profile: Name.optional(),
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
  tags: z.array(DisplayText.max(64).min(1)).max(16).default([]),
});
export type OpenSessionInput = z.output<typeof OpenSessionInput>;

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
    summary: "Type a text and press Enter; as a paste where the program asked for bracketed paste",
    input: z.object({ id, text: Input, enter: z.boolean().default(true) }),
    output: z.object({ bytes: z.int() }),
    errors: ["notFound", "conflict"],
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
      signal: z.enum([
        "SIGINT",
        "SIGTERM",
        "SIGHUP",
        "SIGQUIT",
        "SIGKILL",
        "SIGUSR1",
        "SIGUSR2",
        "SIGSTOP",
        "SIGCONT",
        "SIGTSTP",
        "SIGWINCH",
      ]),
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
