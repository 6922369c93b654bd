/** Sessions: opening, finding, steering, and ending them; attachments; and what is true of them after a restart. */
import {
  GantryError,
  type OpenSessionInput,
  type RecordingFormat,
  type Session,
  type SessionDetail,
  type SessionOutputEvent,
  type SessionState,
  type Typed,
} from "@gantry/contract";

import { type Caller, mayTouch } from "../core/caller.ts";
import { toTimestamp } from "../core/clock.ts";
import type { OpenDuplex } from "../core/duplex.ts";
import { newId } from "../core/ids.ts";
import type { Hooks } from "./agents/hooks.ts";
import { createSessionAgents } from "./agents/session-agents.ts";
import { createSessionPrompts, type SessionPrompts } from "./agents/session-prompts.ts";
import { pasteOf } from "./agents/submit.ts";
import { createAttach } from "./attaching.ts";
import { createHousekeeping, type HousekeepingLimits } from "./housekeeping.ts";
import { createLaunching } from "./launching.ts";
import { createLiveSessions, type Held, type LiveSessionsOptions } from "./live-sessions.ts";
import { checkRoom, EarlyFailure, type OpeningLimits, settleOf, startProgram } from "./opening.ts";
import { outputEvents, outputText } from "./output-stream.ts";
import type { Profiles } from "./profiles/service.ts";
import { isLive, liveStates } from "./state.ts";
import type { SessionRecordings } from "./recordings.ts";
import type { SessionRow } from "./store.ts";
import type { PromptStore } from "./store-prompts.ts";
import { brief, describeEnd, toSession } from "./views.ts";

export interface SessionServiceOptions extends LiveSessionsOptions {
  /** May change at any time; then call `limitsChanged`. */
  limits: OpeningLimits & HousekeepingLimits & { readonly scrollbackLines: number; readonly clipboard: boolean };
  /** The daemon's own environment, of which a session gets the harmless part. */
  env: Readonly<Record<string, string | undefined>>;
  homeDirectory: string;
  recordings: SessionRecordings;
  profiles: Profiles;
  hooks: Hooks;
  promptStore: PromptStore;
}

export interface SessionFilter {
  states?: readonly SessionState[] | undefined;
  /** Only those that have not ended. */
  live: boolean;
  tag?: string | undefined;
  search?: string | undefined;
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
  send(ref: string, text: string, enter: boolean, caller: Caller): Promise<Typed>;
  interrupt(ref: string, caller: Caller): Promise<Session>;
  signal(ref: string, signal: NodeJS.Signals, caller: Caller): Promise<Session>;
  resize(ref: string, cols: number, rows: number, caller: Caller): Promise<Session>;
  screen(ref: string, format: "text" | "ansi" | "html", caller: Caller): Promise<string>;
  /** Events as they come, for those who asked for a stream, else everything kept as text. */
  output(
    ref: string,
    options: { since: number; follow: boolean; wantsStream: boolean; signal: AbortSignal },
    caller: Caller,
  ): Promise<string | AsyncIterable<SessionOutputEvent>>;
  recording(ref: string, format: RecordingFormat, caller: Caller): Promise<string>;
  broadcast(ref: string, message: string, caller: Caller): Promise<number>;
  giveControl(ref: string, attachmentId: string | null, caller: Caller): Promise<SessionDetail>;
  kill(ref: string, caller: Caller): Promise<Session>;
  /** Ends what has been idle for this long (default: as configured), and lets go of ended sessions. */
  cleanup(
    options: { idleMs?: number | undefined; dryRun: boolean },
    caller: Caller,
  ): Promise<{ ended: Session[]; released: number; recordingsRemoved: number }>;
  attach: OpenDuplex;
  counts(): Promise<{ live: number; total: number }>;
  limitsChanged(): void;
  /** Ends every live session. */
  killAll(): Promise<void>;
  prompts: SessionPrompts;
  close(): void;
}

export function createSessionService(options: SessionServiceOptions): SessionService {
  const { store, link, publish, clock, limits, profiles, recordings } = options;
  const held = createLiveSessions(options);
  const agents = createSessionAgents({
    ...options,
    row: (id) => held.get(id)?.row,
    save: (id, agent) =>
      store
        .update(id, { agent })
        .catch((err: unknown) => options.logger.error({ err, session: id }, "an agent's state could not be stored")),
    write(id, bytes) {
      const one = held.get(id);
      if (one !== undefined) write(one, bytes);
    },
    isLive: (id) => isLive(held.get(id)?.row.state ?? "exited"),
  });
  const housekeeping = createHousekeeping({ limits, held, link, clock, logger: options.logger, recordings });

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
    agents.typed(one.row.id, bytes);
    if (one.row.state === "idle") void held.step(one, "activity");
  };
  const type = async (one: Held, text: string, enter: boolean): Promise<Typed> => {
    const { id, mode } = one.row;
    const bytes = Buffer.byteLength(text);
    if (mode === "pty" && enter) {
      const outcome = await agents.type(id, text);
      const error = "problem" in outcome ? outcome.problem : null;
      return { bytes, submitted: error === null, error };
    }
    // The addon writes the modes into the screen's text, which spares the host another question.
    if (mode === "pty") write(one, pasteOf(text, await link.screen(id, "ansi")));
    else write(one, Buffer.from(enter ? `${text}\n` : text));
    return { bytes, submitted: null, error: null };
  };
  const interrupt = async (one: Held): Promise<void> => {
    if (one.row.mode === "pty") write(one, profiles.interruptKey(one.row.profile));
    else await link.signal(one.row.id, "SIGINT");
  };
  const present = (row: SessionRow): Session => {
    const one = held.get(row.id);
    return toSession(row, { viewers: one?.viewers.count ?? 0, usage: one?.usage, queuedPrompts: agents.queued(row.id) });
  };
  const detail = (row: SessionRow): SessionDetail => {
    const viewers = held.get(row.id)?.viewers;
    const attachments = (viewers?.all() ?? []).map((viewer) => ({
      attachmentId: viewer.attachmentId,
      owner: viewer.owner,
      controller: viewers?.controller === viewer,
      readOnly: viewer.readOnly,
      attachedAt: toTimestamp(viewer.attachedAtMs),
    }));
    return { ...present(row), attachments, prompts: agents.openPrompts(row.id) };
  };

  const { prepare, explain } = createLaunching(options);

  return {
    async adopt() {
      await held.adopt();
      await agents.restore(held.live().map(({ row }) => row));
    },

    async open(input, caller) {
      const id = newId("ses");
      const launch = await prepare(id, input, caller);
      const { argv } = launch;
      const { name = null } = input;
      checkRoom(held, limits, input, caller);
      const nowMs = clock.now();
      const { mode, cols, rows } = input;
      const cwd = input.cwd ?? options.homeDirectory;
      const record = recordings.of(id, input);
      const one = held.hold({
        id,
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
        lastUsedMs: 0,
        recording: record === undefined ? 0 : 1,
        endedAtMs: null,
        agent: null,
      });
      try {
        const agent = await agents.begin(id, launch);
        one.row.agent = agent?.agent ?? null;
        await store.insert(one.row);
        const env = { ...launch.env, ...agent?.env };
        const { scrollbackLines, clipboard } = limits;
        const spec = {
          id,
          mode,
          argv,
          cwd,
          env,
          cols,
          rows,
          scrollbackLines,
          clipboard,
          stdin: "open",
          record,
          watch: agent?.watch,
        } as const;
        const { pid, exit } = await startProgram(link, one, spec, settleOf(input, launch), agent?.up);
        publish("session.opened", brief(one.row));
        await held.step(one, "started", { pid });
        if (exit !== undefined) await held.ended(one, exit);
      } catch (error) {
        const endReason = error instanceof GantryError ? error.code : "internal";
        const { exitCode = null, signal = null } = error instanceof EarlyFailure ? error.outcome : {};
        await held.step(one, "failedToStart", { endReason, exitCode, signal, endedAtMs: clock.now() });
        held.drop(id);
        await agents.abandon(id);
        throw explain(error, input);
      }
      return present(one.row);
    },

    async list({ states: asked, live, tag, search, limit, cursor }, caller) {
      const states = live ? liveStates.filter((state) => asked === undefined || asked.includes(state)) : asked;
      await held.refresh();
      const owner = mayTouch(caller, "") ? undefined : caller.keyId;
      const rows = await store.page({ states, owner, tag, search, before: cursor, limit: limit + 1 });
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
    send: async (ref, text, enter, caller) => type(await findLive(ref, caller), text, enter),
    async interrupt(ref, caller) {
      const one = await findLive(ref, caller);
      await interrupt(one);
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
    async output(ref, { wantsStream, ...how }, caller) {
      const row = await find(ref, caller);
      if (held.get(row.id) === undefined) {
        throw new GantryError(
          "notFound",
          `The output of session ${row.name ?? row.id} is no longer kept: it has ended (${describeEnd(row)}).`,
        );
      }
      return wantsStream ? outputEvents(link, row.id, how) : outputText(link, row.id, how.since, how.signal);
    },
    recording: async (ref, format, caller) => recordings.read(await find(ref, caller), format),
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
    async cleanup({ idleMs, dryRun }, caller) {
      const never = idleMs === undefined && limits.idleTimeoutMs === 0;
      const mine = ({ row }: Held): boolean => mayTouch(caller, row.owner);
      const idle = never ? [] : await housekeeping.idle(idleMs, mine);
      if (!dryRun) await Promise.all(idle.map((one) => housekeeping.end(one, "idleTimeout")));
      const ended = idle.map(({ row }) => present(row));
      // What is kept of others' sessions is theirs.
      if (dryRun || !mayTouch(caller, "")) return { ended, released: 0, recordingsRemoved: 0 };
      return { ended, released: await held.release(0), recordingsRemoved: await housekeeping.pruneRecordings() };
    },

    attach: createAttach({ held, link, clock, find, write, type, interrupt }),

    limitsChanged: () => housekeeping.reschedule(),
    counts: async () => ({ live: held.live().length, total: await store.count() }),
    async killAll() {
      await Promise.all(held.live().map(async (one) => held.ended(one, await link.terminate(one.row.id, { reason: "shutdown" }))));
    },
    prompts: createSessionPrompts({ agents, find, findLive: async (ref, caller) => (await findLive(ref, caller)).row }),
    close() {
      agents.close();
      housekeeping.close();
      held.close();
    },
  };
}
