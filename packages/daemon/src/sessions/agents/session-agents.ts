/** What the sessions' service needs of agents: how to start one that can be read, its state, its hooks' calls, and its prompts. */
import { type AgentStatus, GantryError, type Prompt, type PromptResult, type sessionEvents } from "@gantry/contract";

import { type Clock, toTimestamp } from "../../core/clock.ts";
import type { Publish } from "../../core/event-bus.ts";
import type { Logger } from "../../core/logger.ts";
import type { HostLink, ScreenWatch } from "../../host/link.ts";
import type { ResolvedProfile } from "../profiles/resolve.ts";
import type { PreparedLaunch } from "../profiles/service.ts";
import type { SessionRow } from "../store.ts";
import type { PromptStore } from "../store-prompts.ts";
import { type AgentRecord, createAgents, toAgentStatus } from "./agents.ts";
import { createHookCalls, type HookReport } from "./hook-calls.ts";
import type { Hooks } from "./hooks.ts";
import { createPrompts, type WaitOptions } from "./prompts.ts";
import { createTypist, type Typist } from "./typist.ts";

export interface SessionAgentsOptions {
  link: HostLink;
  hooks: Hooks;
  promptStore: PromptStore;
  publish: Publish<typeof sessionEvents>;
  clock: Clock;
  logger: Logger;
  /** The row of a session that is held. */
  row(id: string): SessionRow | undefined;
  /** Settles when it is stored, or cannot be. */
  save(id: string, agent: string): Promise<void>;
  write(id: string, bytes: Uint8Array): void;
  isLive(id: string): boolean;
}

/** How to start a program so that it can be read. */
export interface AgentStart {
  watch: ScreenWatch;
  env: Record<string, string>;
  /** For the session's row. */
  agent: string;
  /** Settles when it is known to be doing something. */
  up: Promise<void>;
}

export interface SessionAgents {
  /** Undefined when its program is none that can be read. */
  begin(id: string, launch: PreparedLaunch): Promise<AgentStart | undefined>;
  /** It did not start. */
  abandon(id: string): Promise<void>;
  /** After a restart of the daemon, with the sessions that live. */
  restore(rows: readonly SessionRow[]): Promise<void>;
  typed(id: string, bytes: Uint8Array): void;
  /** Types a text and Enter into a terminal, and looks what comes of it. */
  type: Typist["type"];
  report(row: SessionRow, report: HookReport): Promise<boolean>;
  queued(id: string): number;
  openPrompts(id: string): Prompt[];
  prompts(id: string): Promise<Prompt[]>;
  prompt(id: string, promptId: string, options: WaitOptions): Promise<PromptResult>;
  submit(row: SessionRow, text: string, owner: string, options: WaitOptions): Promise<PromptResult>;
  cancelPrompt(id: string, promptId: string): Promise<Prompt>;
  close(): void;
}

export function createSessionAgents(options: SessionAgentsOptions): SessionAgents {
  const { link, hooks, publish, clock, logger } = options;
  /** What has been heard last of each, on its way to the disk. */
  const saving = new Map<string, Promise<void>>();
  const agents = createAgents({
    link,
    clock,
    logger,
    changed(id, record) {
      const row = options.row(id);
      if (row === undefined) return;
      const before = row.agent === null ? undefined : (JSON.parse(row.agent) as AgentRecord);
      row.agent = JSON.stringify(record);
      saving.set(id, options.save(id, row.agent));
      if (before?.status.state !== record.status.state)
        publish("session.agentState", { sessionId: id, name: row.name, owner: row.owner, agent: toAgentStatus(record) });
    },
  });
  const hookCalls = createHookCalls({
    hooks,
    async hear(id, call) {
      const known = agents.hook(id, call);
      // Heard is what a daemon that is killed now still leaves behind.
      await saving.get(id);
      return known;
    },
    clock,
    logger,
  });
  const typist = createTypist({ ...options, agents });
  const prompts = createPrompts({
    store: options.promptStore,
    agents,
    link,
    typist,
    subject: (id) => {
      const row = options.row(id);
      return row === undefined ? undefined : { name: row.name, owner: row.owner };
    },
    publish,
    clock,
    logger,
  });
  /** Those of which nothing is known yet. */
  const starting = new Map<string, () => void>();
  const abandon = async (id: string): Promise<void> => {
    starting.delete(id);
    saving.delete(id);
    hookCalls.forget(id);
    agents.forget(id);
    await hooks.remove(id).catch((err: unknown) => logger.warn({ err, session: id }, "a session's hooks could not be removed"));
  };
  // The last listener: by now everybody else has heard of the end.
  agents.onChange((id, { status }) => {
    if (status.state !== "starting" && status.state !== "unknown" && status.state !== "exited") {
      starting.get(id)?.();
      starting.delete(id);
    }
    if (status.state === "exited") void abandon(id);
  });

  const beginPiped = (id: string, { kind, stream: lines }: ResolvedProfile): AgentStart | undefined => {
    if (kind !== "agent") return undefined;
    const first = agents.begin(id, { kind, hooks: null, pipe: true });
    const record = lines === undefined ? (agents.unreadable(id) ?? first) : first;
    return { watch: { rules: [], lines }, env: {}, agent: JSON.stringify(record), up: new Promise((resolve) => starting.set(id, resolve)) };
  };

  return {
    async begin(id, { profile, mode, hooks: hasHooks, env }) {
      if (profile === undefined) return undefined;
      if (mode === "pipe") return beginPiped(id, profile);
      const kind = hasHooks && profile.hooks !== undefined ? profile.hooks : null;
      const more = kind === null ? {} : hooks.environment(id, kind);
      // The owner's own use of such a variable is not undone.
      const usable = kind !== null && Object.keys(more).every((name) => env[name] === undefined) ? kind : null;
      if (usable !== null) await hooks.install(id, usable);
      const record = agents.begin(id, { kind: profile.kind, hooks: usable });
      if (usable !== null) await hookCalls.listen(id);
      return {
        watch: { rules: profile.rules, ...(profile.kind === "shell" ? { foreground: true } : {}) },
        env: usable === null ? {} : more,
        agent: JSON.stringify(record),
        up: new Promise((resolve) => starting.set(id, resolve)),
      };
    },
    abandon,
    async restore(rows) {
      const children = new Map((await link.list().catch(() => [])).map((status) => [status.id, status]));
      const live = new Set(rows.map(({ id }) => id));
      await hooks.prepare().catch((err: unknown) => logger.warn({ err }, "the hooks' program could not be written"));
      for (const row of rows) {
        if (row.agent === null) continue;
        const record = JSON.parse(row.agent) as AgentRecord;
        agents.restore(row.id, record, children.get(row.id)?.signals);
        if (record.hooks !== null) await hookCalls.listen(row.id);
      }
      await hooks.keepOnly(live).catch((err: unknown) => logger.warn({ err }, "old hooks could not be removed"));
      await prompts.restore((id) => live.has(id) && agents.get(id) !== undefined);
    },
    typed: (id, bytes) => agents.typed(id, bytes),
    type: (id, text) => typist.type(id, text),
    report: ({ id, pid }, report) => hookCalls.report(id, pid, report),
    queued: (id) => prompts.queued(id),
    openPrompts: (id) => prompts.open(id),
    prompts: (id) => prompts.list(id),
    prompt: (id, promptId, how) => prompts.result(id, promptId, how),
    async submit(row, text, owner, how) {
      if (row.mode === "pipe") {
        throw new GantryError(
          "conflict",
          `${row.name ?? row.id} is between pipes and takes lines of its own form, not prompts: write them with sessions send. Nothing was sent.`,
        );
      }
      if (agents.get(row.id) === undefined) {
        throw new GantryError(
          "conflict",
          `Gantry cannot read what ${row.name ?? row.id} is doing, so a prompt cannot wait for it: open it by a profile, or type at once with sessions send. Nothing was sent.`,
        );
      }
      return prompts.result(row.id, await prompts.add(row.id, text, owner), how);
    },
    cancelPrompt: (id, promptId) => prompts.cancel(id, promptId),
    close() {
      prompts.close();
      hookCalls.close();
      agents.close();
    },
  };
}

/** Of a session's row; one that has ended while no daemon was there has exited all the same. */
export function agentOf({ agent, endedAtMs }: SessionRow): AgentStatus | null {
  if (agent === null) return null;
  const status = toAgentStatus(JSON.parse(agent) as AgentRecord);
  if (endedAtMs === null || status.state === "exited") return status;
  return { kind: status.kind, state: "exited", source: "exit", since: toTimestamp(endedAtMs), detail: null };
}
