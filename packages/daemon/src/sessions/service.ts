/** Sessions: opening, finding, steering, and ending them; attachments; and what is true of them after a restart. */
import {
  AttachSessionInput,
  GantryError,
  type OpenSessionInput,
  type Session,
  type SessionDetail,
  type sessionEvents,
  type SessionState,
} from "@gantry/contract";
import { encodeServerMessage } from "@gantry/contract/session-protocol";

import { type Caller, mayTouch, requirePermission } from "../core/caller.ts";
import { type Clock, toTimestamp } from "../core/clock.ts";
import type { OpenDuplex } from "../core/duplex.ts";
import type { Publish } from "../core/event-bus.ts";
import { newId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { ChildExit, ChildStatus, HostLink } from "../host/link.ts";
import { openAttachment } from "./attachment.ts";
import { sessionEnvironment } from "./environment.ts";
import { isLive, liveStates, nextState, type SessionStep } from "./state.ts";
import type { SessionRow, SessionStore } from "./store.ts";
import { createViewers, type Viewers } from "./viewers.ts";

export interface SessionServiceOptions {
  store: SessionStore;
  link: HostLink;
  publish: Publish<typeof sessionEvents>;
  clock: Clock;
  logger: Logger;
  limits: { max: number; scrollbackLines: number };
  /** The daemon's own environment, of which a session gets the harmless part. */
  env: Readonly<Record<string, string | undefined>>;
  homeDirectory: string;
}

export interface SessionFilter {
  states?: readonly SessionState[] | undefined;
  limit: number;
  cursor?: string | undefined;
}

export interface SessionService {
  /** Finds what lived on while no daemon was there. */
  adopt(): Promise<void>;
  open(input: OpenSessionInput, caller: Caller): Promise<Session>;
  list(filter: SessionFilter, caller: Caller): Promise<{ items: Session[]; nextCursor?: string }>;
  get(ref: string, caller: Caller): Promise<SessionDetail>;
  input(ref: string, bytes: Uint8Array, caller: Caller): Promise<number>;
  send(ref: string, text: string, enter: boolean, caller: Caller): Promise<number>;
  interrupt(ref: string, caller: Caller): Promise<Session>;
  signal(ref: string, signal: NodeJS.Signals, caller: Caller): Promise<Session>;
  resize(ref: string, cols: number, rows: number, caller: Caller): Promise<Session>;
  screen(ref: string, format: "text" | "ansi" | "html", caller: Caller): Promise<string>;
  broadcast(ref: string, message: string, caller: Caller): Promise<number>;
  giveControl(ref: string, attachmentId: string | null, caller: Caller): Promise<SessionDetail>;
  kill(ref: string, caller: Caller): Promise<Session>;
  attach: OpenDuplex;
  counts(): Promise<{ live: number; total: number }>;
  /** Ends every live session. */
  killAll(): Promise<void>;
  close(): void;
}

/** What the daemon keeps of a session that lives or whose screen the host still has. */
interface Held {
  row: SessionRow;
  viewers: Viewers;
  lastInputMs: number;
}

const quietAfterMs = 60_000;
const sweepMs = 15_000;
/** Ended sessions whose last screen can still be looked at. */
const keptScreens = 16;
const interruptKey = Buffer.from([3]);

export function createSessionService(options: SessionServiceOptions): SessionService {
  const { store, link, publish, clock, logger, limits } = options;
  const held = new Map<string, Held>();
  let opening = 0;
  let nextAttachment = 1;
  let sweeping: NodeJS.Timeout | undefined;

  const hold = (row: SessionRow): Held => {
    const one: Held = {
      row,
      lastInputMs: row.lastActivityMs,
      viewers: createViewers({
        resize: (cols, rows) => void resize(one, cols, rows),
        status: () => ({ state: one.row.state, title: one.row.title }),
        changed: () => publish("session.attachments", { ...brief(one.row), viewers: one.viewers.count }),
      }),
    };
    held.set(row.id, one);
    sweeping ??= setInterval(
      () => void sweep().catch((err: unknown) => logger.warn({ err }, "sessions could not be looked at")),
      sweepMs,
    ).unref();
    return one;
  };
  const live = (): Held[] => [...held.values()].filter(({ row }) => isLive(row.state));

  const change = (one: Held, values: Partial<SessionRow>): Promise<void> => {
    Object.assign(one.row, values);
    return store
      .update(one.row.id, values)
      .catch((err: unknown) => logger.error({ err, session: one.row.id }, "a session could not be stored"));
  };
  const step = async (one: Held, by: SessionStep, values: Partial<SessionRow> = {}): Promise<void> => {
    const state = nextState(one.row.state, by);
    if (state === one.row.state) return;
    await change(one, { ...values, state });
    if (isLive(state)) {
      publish("session.state", brief(one.row));
      one.viewers.tellStatus();
    } else {
      const { exitCode, signal, endReason } = one.row;
      publish("session.ended", { ...brief(one.row), exitCode, signal, endReason: endReason ?? state });
      await forgetOldest();
    }
  };
  const ended = (one: Held, exit: ChildExit, outputBytes: number): Promise<void> =>
    step(one, "exited", {
      exitCode: exit.code,
      signal: exit.signal,
      endReason: exit.reason,
      endedAtMs: exit.timeMs,
      outputBytes,
    });
  const lost = (one: Held): Promise<void> => step(one, "hostLost", { endReason: "lost", endedAtMs: clock.now() });

  const forgetOldest = async (): Promise<void> => {
    const gone = [...held.values()].filter(({ row, viewers }) => !isLive(row.state) && viewers.count === 0);
    for (const { row } of gone.slice(0, Math.max(0, gone.length - keptScreens))) {
      held.delete(row.id);
      await link.forget(row.id).catch(() => undefined);
    }
    if (live().length > 0 || sweeping === undefined) return;
    clearInterval(sweeping);
    sweeping = undefined;
  };
  /** Activity is the host's to know: what nobody views does not pass through the daemon. */
  const sweep = async (): Promise<void> => {
    for (const status of await link.list()) {
      const one = held.get(status.id);
      if (one !== undefined && isLive(one.row.state)) await refresh(one, status);
    }
  };
  const refresh = async (one: Held, status: ChildStatus): Promise<void> => {
    const lastActivityMs = Math.max(one.lastInputMs, status.lastOutputMs);
    Object.assign(one.row, { outputBytes: status.endOffset, title: status.title, cols: status.cols, rows: status.rows });
    if (lastActivityMs !== one.row.lastActivityMs) await change(one, { lastActivityMs, outputBytes: status.endOffset });
    await step(one, clock.now() - lastActivityMs > quietAfterMs ? "quiet" : "activity");
  };
  const refreshAll = async (rows: Iterable<SessionRow>): Promise<void> => {
    if (![...rows].some(({ state }) => isLive(state))) return;
    await sweep().catch((err: unknown) => logger.warn({ err }, "the process host did not answer; what is listed may be old"));
  };

  /** By id, or by name: the live one, else the newest. The same answer for what is not there and what the caller may not know. */
  const find = async (ref: string, caller: Caller): Promise<SessionRow> => {
    const named = live().find(({ row }) => row.name === ref);
    const row = named?.row ?? held.get(ref)?.row ?? (ref.startsWith("ses_") ? await store.get(ref) : await store.byName(ref));
    if (row !== undefined && mayTouch(caller, row.owner)) return held.get(row.id)?.row ?? row;
    const suggestions = live()
      .filter(({ row }) => mayTouch(caller, row.owner))
      .map(({ row }) => row.name ?? row.id)
      .slice(0, 5);
    throw new GantryError("notFound", `There is no session ${ref}. See: gantry sessions list`, { details: { suggestions } });
  };
  const findLive = async (ref: string, caller: Caller): Promise<Held> => {
    const row = await find(ref, caller);
    const one = held.get(row.id);
    if (one !== undefined && isLive(row.state)) return one;
    throw new GantryError("conflict", `Session ${row.name ?? row.id} has ended (${describeEnd(row)}). Nothing was sent.`);
  };
  const resize = async (one: Held, cols: number, rows: number): Promise<void> => {
    if (!isLive(one.row.state) || (cols === one.row.cols && rows === one.row.rows)) return;
    link.resize(one.row.id, cols, rows);
    one.viewers.broadcast({ type: "resized", cols, rows });
    publish("session.resized", { ...brief(one.row), cols, rows });
    await change(one, { cols, rows });
  };
  const write = (one: Held, bytes: Uint8Array): void => {
    one.lastInputMs = clock.now();
    link.write(one.row.id, bytes);
    if (one.row.state === "idle") void step(one, "activity");
  };
  const present = (row: SessionRow): Session => toSession(row, held.get(row.id)?.viewers.count ?? 0);
  const detail = (row: SessionRow): SessionDetail => {
    const viewers = held.get(row.id)?.viewers;
    const attachments = (viewers?.all() ?? []).map((viewer) => ({
      attachmentId: viewer.attachmentId,
      owner: viewer.owner,
      controller: viewers?.controller === viewer,
      readOnly: viewer.readOnly,
      attachedAt: toTimestamp(viewer.attachedAtMs),
    }));
    return { ...present(row), attachments };
  };

  const commandOf = (input: OpenSessionInput, caller: Caller): string[] => {
    if ((input.profile === undefined) === (input.argv === undefined)) {
      throw new GantryError("invalidArgument", "Give either a profile or argv, the program and its arguments. Nothing was started.");
    }
    if (input.env !== undefined || input.cwd !== undefined)
      requirePermission(caller, "sessions.openFree", "choose a session's folder or environment");
    if (input.profile === "shell") return [options.env.SHELL ?? "/bin/sh"];
    requirePermission(caller, "sessions.openFree", "open a session of any program");
    return input.argv ?? [input.profile as string];
  };

  link.on("exit", (id, exit) => {
    const one = held.get(id);
    if (one === undefined) return;
    // The host knows how much there was; a session that ended is asked about only this once.
    void link
      .list()
      .catch(() => [])
      .then((list) => ended(one, exit, list.find((status) => status.id === id)?.endOffset ?? one.row.outputBytes));
  });
  link.on("lost", (id) => {
    const one = held.get(id);
    if (one !== undefined) void lost(one);
  });
  link.on("title", (id, title) => {
    const one = held.get(id);
    if (one === undefined || one.row.title === title) return;
    publish("session.title", { ...brief(one.row), title });
    void change(one, { title }).then(() => one.viewers.tellStatus());
  });
  link.on("inputDropped", (id, droppedBytes) => {
    const detailText = `The program does not read its input: ${droppedBytes} bytes that were typed are dropped.`;
    held.get(id)?.viewers.controller?.send(encodeError(detailText));
  });

  const service: SessionService = {
    async adopt() {
      const [rows, children] = [await store.inStates(liveStates), await link.list()];
      const byId = new Map(children.map((status) => [status.id, status]));
      for (const row of rows) {
        const one = hold(row);
        const status = byId.get(row.id);
        if (status === undefined) await lost(one);
        else if (status.exit !== undefined) await ended(one, status.exit, status.endOffset);
        else {
          await step(one, "started", { pid: status.pid });
          await refresh(one, status);
        }
      }
      for (const status of children) {
        if (!status.id.startsWith("ses_") || held.has(status.id)) continue;
        // An ended session of an earlier daemon: its screen can still be looked at.
        const row = await store.get(status.id);
        if (row !== undefined) hold(row);
        else if (status.exit !== undefined) await link.forget(status.id);
      }
      await forgetOldest();
    },

    async open(input, caller) {
      const argv = commandOf(input, caller);
      const { name = null } = input;
      if (name !== null && live().some(({ row }) => row.name === name)) {
        throw new GantryError(
          "conflict",
          `A live session is already named ${name}. Attach to it, or choose another name. Nothing was started.`,
        );
      }
      if (live().length + opening >= limits.max) {
        throw new GantryError(
          "resourceExhausted",
          `${limits.max} sessions are open, which is the limit (sessions.max). End one first: gantry sessions kill`,
          {
            retryable: false,
          },
        );
      }
      const nowMs = clock.now();
      const { mode, cols, rows } = input;
      const cwd = input.cwd ?? options.homeDirectory;
      const one = hold({
        id: newId("ses"),
        name,
        profile: input.profile ?? null,
        mode,
        state: "starting",
        argv: JSON.stringify(argv),
        cwd,
        cols,
        rows,
        pid: null,
        title: "",
        tags: JSON.stringify(input.tags),
        owner: caller.keyId,
        outputBytes: 0,
        exitCode: null,
        signal: null,
        endReason: null,
        createdAtMs: nowMs,
        lastActivityMs: nowMs,
        endedAtMs: null,
      });
      const { id } = one.row;
      opening += 1;
      try {
        await store.insert(one.row);
        const env = sessionEnvironment(options.env, input.env, mode);
        const { scrollbackLines } = limits;
        const { pid } = await link.spawn({ id, mode, argv, cwd, env, cols, rows, scrollbackLines, stdin: "open" });
        publish("session.opened", brief(one.row));
        await step(one, "started", { pid });
      } catch (error) {
        const endReason = error instanceof GantryError ? error.code : "internal";
        await step(one, "failedToStart", { endReason, endedAtMs: clock.now() });
        held.delete(id);
        throw error;
      } finally {
        opening -= 1;
      }
      return present(one.row);
    },

    async list({ states, limit, cursor }, caller) {
      await refreshAll(live().map(({ row }) => row));
      const owner = mayTouch(caller, "") ? undefined : caller.keyId;
      const rows = await store.page({ states, owner, before: cursor, limit: limit + 1 });
      const items = rows.slice(0, limit).map((row) => present(held.get(row.id)?.row ?? row));
      const last = items.at(-1);
      return rows.length > limit && last !== undefined ? { items, nextCursor: last.sessionId } : { items };
    },
    async get(ref, caller) {
      const row = await find(ref, caller);
      await refreshAll([row]);
      return detail(row);
    },
    async input(ref, bytes, caller) {
      write(await findLive(ref, caller), bytes);
      return bytes.length;
    },
    async send(ref, text, enter, caller) {
      const one = await findLive(ref, caller);
      // The addon writes the mode into the screen's text, which spares the host another question.
      const asksForPastes = one.row.mode === "pty" && (await link.screen(one.row.id, "ansi")).includes("\u001b[?2004h");
      const typed = asksForPastes ? `\u001b[200~${text.replaceAll("\u001b[201~", "")}\u001b[201~` : text.replaceAll(/\r?\n/g, "\r");
      const end = one.row.mode === "pty" ? "\r" : "\n";
      const bytes = Buffer.from(one.row.mode === "pty" ? typed : text);
      write(one, bytes);
      // By itself: programs take an Enter that comes in one read with a paste as part of it.
      if (enter) write(one, Buffer.from(end));
      return bytes.length;
    },
    async interrupt(ref, caller) {
      const one = await findLive(ref, caller);
      if (one.row.mode === "pty") write(one, interruptKey);
      else await link.signal(one.row.id, "SIGINT");
      return present(one.row);
    },
    async signal(ref, signal, caller) {
      const one = await findLive(ref, caller);
      await link.signal(one.row.id, signal);
      return present(one.row);
    },
    async resize(ref, cols, rows, caller) {
      const one = await findLive(ref, caller);
      await resize(one, cols, rows);
      return present(one.row);
    },
    async screen(ref, format, caller) {
      const row = await find(ref, caller);
      try {
        return await link.screen(row.id, format);
      } catch (error) {
        if (!(error instanceof GantryError) || error.code !== "notFound") throw error;
        throw new GantryError(
          "notFound",
          `The screen of session ${row.name ?? row.id} is no longer kept: it has ended (${describeEnd(row)}).`,
        );
      }
    },
    async broadcast(ref, message, caller) {
      const one = await findLive(ref, caller);
      one.viewers.broadcast({ type: "broadcast", value: { from: caller.keyId, message, time: toTimestamp(clock.now()) } });
      return one.viewers.count;
    },
    async giveControl(ref, attachmentId, caller) {
      const one = await findLive(ref, caller);
      if (!one.viewers.giveControl(attachmentId)) {
        throw new GantryError("notFound", `No attachment ${attachmentId ?? ""} of this session may have control. Nothing was changed.`);
      }
      return detail(one.row);
    },
    async kill(ref, caller) {
      const row = await find(ref, caller);
      const one = held.get(row.id);
      if (one === undefined || !isLive(row.state)) return present(row);
      await ended(one, await link.terminate(row.id, { reason: "killed" }), row.outputBytes);
      return present(one.row);
    },

    async attach(duplex, rawInput, caller) {
      const parsed = AttachSessionInput.safeParse(rawInput);
      if (!parsed.success) {
        const [issue] = parsed.error.issues;
        throw new GantryError(
          "invalidArgument",
          `${issue?.path.join(".") ?? "the input"}: ${issue?.message ?? "not understood"}. Nothing was attached.`,
        );
      }
      requirePermission(caller, "sessions.read", "attach to a session");
      const { id: ref, since, cols, rows, control } = parsed.data;
      const row = await find(ref, caller);
      const one = held.get(row.id);
      if (one === undefined)
        throw new GantryError(
          "notFound",
          `Session ${row.name ?? row.id} has ended (${describeEnd(row)}), and its screen is no longer kept.`,
        );
      const attachmentId = `att_${nextAttachment}`;
      nextAttachment += 1;
      openAttachment({
        duplex,
        viewers: one.viewers,
        attachmentId,
        owner: caller.keyId,
        readOnly: parsed.data.readOnly || !caller.permissions.has("sessions.control"),
        takeControl: control,
        size: cols === undefined || rows === undefined ? undefined : { cols, rows },
        since,
        follow: (from, { output, snapshot, exit }) =>
          link.follow(
            row.id,
            { since: from },
            {
              output,
              snapshot,
              exit: ({ code, signal, reason }) => exit({ state: "exited", exitCode: code, signal, reason }),
              lost: () => exit({ state: "lost", exitCode: null, signal: null, reason: "lost" }),
            },
          ),
        attached: () => ({
          sessionId: row.id,
          ...(row.name === null ? {} : { name: row.name }),
          mode: row.mode,
          state: row.state,
          cols: row.cols,
          rows: row.rows,
          offset: row.outputBytes,
          readOnly: false,
          controller: false,
        }),
        input: (bytes) => write(one, bytes),
        resize: (newCols, newRows) => void resize(one, newCols, newRows),
        nowMs: () => clock.now(),
      });
    },

    counts: async () => ({ live: live().length, total: await store.count() }),
    async killAll() {
      await Promise.all(
        live().map(({ row }) =>
          link.terminate(row.id, { reason: "shutdown" }).then((exit) => ended(held.get(row.id) as Held, exit, row.outputBytes)),
        ),
      );
    },
    close() {
      clearInterval(sweeping);
    },
  };
  return service;
}

function encodeError(detail: string): Uint8Array {
  return encodeServerMessage({ type: "error", value: { code: "resourceExhausted", detail } });
}

function brief({ id, name, state, owner }: SessionRow) {
  return { sessionId: id, name, state, owner };
}

function describeEnd({ state, exitCode, signal, endReason }: SessionRow): string {
  if (state === "lost") return "lost with its process host";
  if (signal !== null) return `${endReason ?? state} by ${signal}`;
  return exitCode === null ? (endReason ?? state) : `exit code ${exitCode}`;
}

function toSession(row: SessionRow, viewers: number): Session {
  return {
    sessionId: row.id,
    name: row.name,
    profile: row.profile,
    mode: row.mode,
    state: row.state,
    argv: JSON.parse(row.argv) as string[],
    cwd: row.cwd,
    cols: row.cols,
    rows: row.rows,
    pid: row.pid,
    title: row.title,
    tags: JSON.parse(row.tags) as string[],
    owner: row.owner,
    viewers,
    outputBytes: row.outputBytes,
    exitCode: row.exitCode,
    signal: row.signal,
    endReason: row.endReason,
    createdAt: toTimestamp(row.createdAtMs),
    lastActivityAt: toTimestamp(row.lastActivityMs),
    endedAt: row.endedAtMs === null ? null : toTimestamp(row.endedAtMs),
  };
}
