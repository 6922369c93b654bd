/** Sessions: opening, finding, steering, and ending them; attachments; and what is true of them after a restart. */
import {
  AttachSessionInput,
  GantryError,
  type OpenSessionInput,
  type Session,
  type SessionDetail,
  type SessionState,
} from "@gantry/contract";

import { type Caller, mayTouch, requirePermission } from "../core/caller.ts";
import { toTimestamp } from "../core/clock.ts";
import type { OpenDuplex } from "../core/duplex.ts";
import { newId } from "../core/ids.ts";
import { openAttachment } from "./attachment.ts";
import { sessionEnvironment } from "./environment.ts";
import { createLiveSessions, type Held, type LiveSessionsOptions } from "./live-sessions.ts";
import { isLive, liveStates } from "./state.ts";
import type { SessionRow } from "./store.ts";
import { brief, describeEnd, toSession } from "./views.ts";

const interruptKey = Buffer.from([3]);

export interface SessionServiceOptions extends LiveSessionsOptions {
  limits: { max: number; scrollbackLines: number };
  /** The daemon's own environment, of which a session gets the harmless part. */
  env: Readonly<Record<string, string | undefined>>;
  homeDirectory: string;
}

export interface SessionFilter {
  states?: readonly SessionState[] | undefined;
  /** Only those that have not ended. */
  live: boolean;
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

export function createSessionService(options: SessionServiceOptions): SessionService {
  const { store, link, publish, clock, limits } = options;
  const held = createLiveSessions(options);
  let opening = 0;
  let nextAttachment = 1;

  /** By id, or by name: the live one, else the newest. The same answer for what is not there and what the caller may not know. */
  const find = async (ref: string, caller: Caller): Promise<SessionRow> => {
    const named = held.live().find(({ row }) => row.name === ref);
    const row = named?.row ?? held.get(ref)?.row ?? (ref.startsWith("ses_") ? await store.get(ref) : await store.byName(ref));
    if (row !== undefined && mayTouch(caller, row.owner)) return held.get(row.id)?.row ?? row;
    const suggestions = held
      .live()
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
  const write = (one: Held, bytes: Uint8Array): void => {
    one.lastInputMs = clock.now();
    link.write(one.row.id, bytes);
    if (one.row.state === "idle") void held.step(one, "activity");
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

  return {
    adopt: () => held.adopt(),

    async open(input, caller) {
      const argv = commandOf(input, caller);
      const { name = null } = input;
      if (name !== null && held.live().some(({ row }) => row.name === name)) {
        throw new GantryError(
          "conflict",
          `A live session is already named ${name}. Attach to it, or choose another name. Nothing was started.`,
        );
      }
      if (held.live().length + opening >= limits.max) {
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
      const one = held.hold({
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
        await held.step(one, "started", { pid });
      } catch (error) {
        const endReason = error instanceof GantryError ? error.code : "internal";
        await held.step(one, "failedToStart", { endReason, endedAtMs: clock.now() });
        held.drop(id);
        throw error;
      } finally {
        opening -= 1;
      }
      return present(one.row);
    },

    async list({ states: asked, live, limit, cursor }, caller) {
      const states = live ? liveStates.filter((state) => asked === undefined || asked.includes(state)) : asked;
      await held.refresh();
      const owner = mayTouch(caller, "") ? undefined : caller.keyId;
      const rows = await store.page({ states, owner, before: cursor, limit: limit + 1 });
      const items = rows.slice(0, limit).map((row) => present(held.get(row.id)?.row ?? row));
      const last = items.at(-1);
      return rows.length > limit && last !== undefined ? { items, nextCursor: last.sessionId } : { items };
    },
    async get(ref, caller) {
      const row = await find(ref, caller);
      await held.refresh();
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
      await held.resize(one, cols, rows);
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
      await held.ended(one, await link.terminate(row.id, { reason: "killed" }));
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
        resize: (newCols, newRows) => void held.resize(one, newCols, newRows),
        nowMs: () => clock.now(),
      });
    },

    counts: async () => ({ live: held.live().length, total: await store.count() }),
    async killAll() {
      await Promise.all(held.live().map(async (one) => held.ended(one, await link.terminate(one.row.id, { reason: "shutdown" }))));
    },
    close: () => held.close(),
  };
}
