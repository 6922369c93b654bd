/** The queue of prompts of each session: one at a time, in order, typed when the agent is idle, ended when it is idle again. */
import { GantryError, type Prompt, type PromptResult, type PromptState, type sessionEvents } from "@gantry/contract";

import { type Clock, toTimestamp } from "../../core/clock.ts";
import type { Publish } from "../../core/event-bus.ts";
import { newId } from "../../core/ids.ts";
import type { Logger } from "../../core/logger.ts";
import type { HostLink } from "../../host/link.ts";
import type { PromptRow, PromptStore } from "../store-prompts.ts";
import type { AgentRecord, Agents } from "./agents.ts";
import { screenRests } from "./submit.ts";
import type { Typist } from "./typist.ts";

export interface PromptsOptions {
  store: PromptStore;
  agents: Agents;
  link: HostLink;
  typist: Typist;
  /** For events: the session's name and owner. */
  subject(sessionId: string): { name: string | null; owner: string } | undefined;
  publish: Publish<typeof sessionEvents>;
  clock: Clock;
  logger: Logger;
}

export interface WaitOptions {
  wait: boolean;
  timeoutMs?: number | undefined;
  signal: AbortSignal;
}

export interface Prompts {
  /** Takes up what waited when the daemon last ended. */
  restore(isLive: (sessionId: string) => boolean): Promise<void>;
  add(sessionId: string, text: string, owner: string): Promise<string>;
  /** The prompt, at once or when it has ended. */
  result(sessionId: string, promptId: string, options: WaitOptions): Promise<PromptResult>;
  list(sessionId: string): Promise<Prompt[]>;
  /** At work and waiting, in order. */
  open(sessionId: string): Prompt[];
  queued(sessionId: string): number;
  cancel(sessionId: string, promptId: string): Promise<Prompt>;
  close(): void;
}

const maxQueued = 100;
const keptEnded = 50;
const maxOutputCharacters = 256 * 1024;

export function createPrompts(options: PromptsOptions): Prompts {
  const { store, agents, link, publish, clock, logger } = options;
  /** What has not ended, by session, in order. */
  const queues = new Map<string, PromptRow[]>();
  const waiters = new Map<string, Set<() => void>>();
  const finishing = new Set<string>();
  let closed = false;

  const queueOf = (sessionId: string): PromptRow[] => queues.get(sessionId) ?? [];
  const change = async (row: PromptRow, values: Partial<PromptRow>): Promise<void> => {
    Object.assign(row, values);
    const { sessionId, state, error } = row;
    if (row.endedAtMs !== null) {
      const left = queueOf(sessionId).filter((one) => one !== row);
      if (left.length === 0) queues.delete(sessionId);
      else queues.set(sessionId, left);
    }
    await store.update(row.id, values).catch((err: unknown) => logger.error({ err, prompt: row.id }, "a prompt could not be stored"));
    const subject = options.subject(sessionId);
    if (subject !== undefined) publish("session.prompt", { sessionId, ...subject, promptId: row.id, state, error });
    if (row.endedAtMs === null) return;
    for (const settle of waiters.get(row.id) ?? []) settle();
    await store.prune(sessionId, keptEnded).catch(() => undefined);
  };
  const end = async (row: PromptRow, state: PromptState, error: string | null): Promise<void> => {
    if (row.endedAtMs !== null) return;
    // Taken at once, so that nobody ends it twice while its output is fetched.
    row.endedAtMs = clock.now();
    const output = row.submittedAtMs === null ? null : await link.transcript(row.sessionId, row.id).catch(() => "");
    await change(row, { state, error, endedAtMs: row.endedAtMs, output: output === null ? null : output.slice(-maxOutputCharacters) });
    pump(row.sessionId);
  };

  /** Some are idle for a moment before they go on: then the prompt ends with the next rest. */
  const finish = async (row: PromptRow): Promise<void> => {
    if (finishing.has(row.id)) return;
    finishing.add(row.id);
    await screenRests(row.sessionId, link, () => agents.showsIdle(row.sessionId)).catch(() => undefined);
    finishing.delete(row.id);
    if (!closed && agents.get(row.sessionId)?.status.state === "idle") await end(row, "done", null);
  };

  const begin = async (row: PromptRow): Promise<void> => {
    await change(row, { state: "submitting" });
    await link.mark(row.sessionId, row.id);
    const outcome = await options.typist.type(row.sessionId, row.text);
    if (row.endedAtMs !== null || closed) return;
    if ("problem" in outcome) return end(row, "failed", `${outcome.problem}. Look at it: gantry sessions screen`);
    // Whoever stops it from now on stops this prompt, also before the screen has reacted.
    await change(row, { state: "submitted", submittedAtMs: outcome.enteredMs });
    // It may have been quick.
    const record = agents.get(row.sessionId);
    if (record !== undefined) follow(row.sessionId, record);
  };
  const pump = (sessionId: string): void => {
    const [first] = queueOf(sessionId);
    if (closed || first?.state !== "queued" || agents.get(sessionId)?.status.state !== "idle") return;
    // Marked before the first await: nobody begins it twice.
    first.state = "submitting";
    begin(first).catch((err: unknown) => {
      if (closed) return;
      logger.warn({ err, prompt: first.id }, "a prompt could not be typed");
      void end(first, "failed", `It could not be typed: ${(err as Error).message}`);
    });
  };
  const follow = (sessionId: string, { status }: AgentRecord): void => {
    const [first] = queueOf(sessionId);
    if (first === undefined || closed) return;
    if (status.state === "exited") {
      for (const row of queueOf(sessionId))
        void end(row, "failed", `The program ended (${status.detail ?? "unknown"}) before the agent was idle again`);
    } else if (status.state === "idle") {
      if (first.state === "queued") pump(sessionId);
      else if (first.state === "submitted") {
        const stopped = agents.stoppedMs(sessionId) >= (first.submittedAtMs ?? 0);
        if (stopped) void end(first, "cancelled", "It was interrupted");
        else void finish(first);
      }
    }
  };
  agents.onChange(follow);

  const find = async (sessionId: string, promptId: string): Promise<PromptRow> => {
    const row = queueOf(sessionId).find(({ id }) => id === promptId) ?? (await store.get(promptId));
    if (row?.sessionId === sessionId) return row;
    throw new GantryError("notFound", `There is no prompt ${promptId} in this session. See: gantry sessions prompts`);
  };

  return {
    async restore(isLive) {
      for (const row of await store.open()) {
        if (queues.has(row.sessionId)) queueOf(row.sessionId).push(row);
        else queues.set(row.sessionId, [row]);
      }
      for (const [sessionId, rows] of queues) {
        for (const row of rows) {
          if (!isLive(sessionId)) await end(row, "failed", "The session ended while no daemon was there");
          // Whether it was typed whole cannot be known, and it must not be typed twice.
          else if (row.state === "submitting")
            await end(row, "failed", "The daemon ended while it was typed. Look at it: gantry sessions screen");
        }
        const record = agents.get(sessionId);
        if (record !== undefined) follow(sessionId, record);
      }
    },
    async add(sessionId, text, owner) {
      const queue = queueOf(sessionId);
      if (queue.length >= maxQueued) {
        throw new GantryError("resourceExhausted", `${maxQueued} prompts wait in this session, which is the limit. Nothing was queued.`);
      }
      const row: PromptRow = {
        id: newId("prm"),
        sessionId,
        owner,
        state: "queued",
        text,
        createdAtMs: clock.now(),
        submittedAtMs: null,
        endedAtMs: null,
        error: null,
        output: null,
      };
      await store.insert(row);
      queues.set(sessionId, [...queueOf(sessionId), row]);
      publish("session.prompt", {
        sessionId,
        ...(options.subject(sessionId) ?? { name: null, owner }),
        promptId: row.id,
        state: "queued",
        error: null,
      });
      pump(sessionId);
      return row.id;
    },
    async result(sessionId, promptId, { wait, timeoutMs, signal }) {
      const row = await find(sessionId, promptId);
      const ended = (): boolean => row.endedAtMs !== null && row.state !== "submitting" && row.state !== "submitted";
      if (wait && !ended())
        await new Promise<void>((resolve) => {
          const set = waiters.get(promptId) ?? new Set();
          waiters.set(promptId, set.add(settle));
          const timer = timeoutMs === undefined ? undefined : setTimeout(settle, timeoutMs);
          signal.addEventListener("abort", settle, { once: true });
          function settle(): void {
            clearTimeout(timer);
            signal.removeEventListener("abort", settle);
            set.delete(settle);
            if (set.size === 0) waiters.delete(promptId);
            resolve();
          }
        });
      return {
        ...toPrompt(row),
        output: row.output,
        agentState: agents.get(sessionId)?.status.state ?? "exited",
        timedOut: wait && !ended(),
      };
    },
    async list(sessionId) {
      return [...(await store.ended(sessionId, keptEnded)), ...queueOf(sessionId).filter(({ endedAtMs }) => endedAtMs === null)].map(
        toPrompt,
      );
    },
    open: (sessionId) => queueOf(sessionId).map(toPrompt),
    queued: (sessionId) => queueOf(sessionId).filter(({ state }) => state === "queued").length,
    async cancel(sessionId, promptId) {
      const row = await find(sessionId, promptId);
      if (row.state === "cancelled") return toPrompt(row);
      if (row.state !== "queued") {
        const how =
          row.endedAtMs === null ? "It is at work already; stop it with: gantry sessions interrupt" : `It has ended: ${row.state}`;
        throw new GantryError("conflict", `Prompt ${promptId} waits no more. ${how}. Nothing was changed.`);
      }
      await end(row, "cancelled", null);
      return toPrompt(row);
    },
    close() {
      closed = true;
      for (const set of waiters.values()) for (const settle of set) settle();
    },
  };
}

function toPrompt(row: PromptRow): Prompt {
  const at = (timeMs: number | null): string | null => (timeMs === null ? null : toTimestamp(timeMs));
  return {
    promptId: row.id,
    sessionId: row.sessionId,
    state: row.state,
    text: row.text,
    owner: row.owner,
    createdAt: toTimestamp(row.createdAtMs),
    submittedAt: at(row.submittedAtMs),
    endedAt: at(row.endedAtMs),
    error: row.error,
  };
}
