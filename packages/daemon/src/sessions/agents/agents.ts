/** The agents in live sessions: gathers what tells of each, and says what it is doing whenever that changes. */
import type { AgentStatus } from "@gantry/contract";

import { type Clock, toTimestamp } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { ChildStatus, HostLink } from "../../host/link.ts";
import { type AgentFacts, type AgentSignal, judge, type Judgement, lineMs, note, startFacts } from "./agent-state.ts";
import { stateOfHook } from "./hook-signals.ts";
import type { HookCall } from "./hooks.ts";
import { meaningOf, meaningOfLine } from "./keystrokes.ts";

/** What is kept of an agent over restarts of the daemon, in its session's row. */
export interface AgentRecord {
  kind: "agent" | "shell";
  hooks: "claude" | "gemini" | null;
  /** Between pipes; absent: in a terminal. */
  pipe?: boolean;
  status: Omit<AgentStatus, "since" | "kind"> & { sinceMs: number };
  hook: AgentSignal | null;
}

export interface AgentsOptions {
  link: HostLink;
  clock: Clock;
  logger: Logger;
  /** Called for every change, to store and to tell. */
  changed(id: string, record: AgentRecord): void;
}

export interface Agents {
  begin(id: string, how: Pick<AgentRecord, "kind" | "hooks" | "pipe">): AgentRecord;
  /** Nothing that it prints can be read. */
  unreadable(id: string): AgentRecord | undefined;
  /** After a restart of the daemon. */
  restore(id: string, record: AgentRecord, signals: ChildStatus["signals"]): void;
  get(id: string): AgentRecord | undefined;
  /** Somebody typed. */
  typed(id: string, bytes: Uint8Array): void;
  hook(id: string, call: HookCall): boolean;
  /** When a turn was last stopped by a key; 0 when never. */
  stoppedMs(id: string): number;
  /** Since then a hook, or its screen at rest, has told what became of the question that it asked. */
  answered(id: string, sinceMs: number): boolean;
  /** What it shows does not contradict that it is idle. */
  showsIdle(id: string): boolean;
  onChange(listener: (id: string, record: AgentRecord) => void): void;
  forget(id: string): void;
  close(): void;
}

interface Watched {
  record: AgentRecord;
  facts: AgentFacts;
  stoppedMs: number;
  /** It has been given something to do, or a hook has spoken. */
  begun: boolean;
  recheck?: NodeJS.Timeout | undefined;
}

export function createAgents({ link, clock, logger, changed }: AgentsOptions): Agents {
  const watched = new Map<string, Watched>();
  const listeners = new Set<(id: string, record: AgentRecord) => void>();

  const add = (id: string, record: AgentRecord): Watched => {
    const one: Watched = { record, facts: startFacts(record.status.sinceMs), stoppedMs: 0, begun: record.hook !== null };
    watched.set(id, one);
    return one;
  };
  const review = (id: string, one: Watched): void => {
    clearTimeout(one.recheck);
    const nowMs = clock.now();
    const verdict = judge(one.facts, nowMs);
    if (verdict.recheckAtMs !== undefined)
      one.recheck = setTimeout(() => review(id, one), Math.max(1, verdict.recheckAtMs - nowMs)).unref();
    const { status } = one.record;
    const hook = one.facts.signals.hook ?? null;
    if (status.state === verdict.state && status.source === verdict.source && one.record.hook === hook) return;
    one.record = { ...one.record, hook, status: nextStatus(status, verdict, nowMs) };
    changed(id, one.record);
    for (const listener of listeners) {
      try {
        listener(id, one.record);
      } catch (err) {
        logger.error({ err, session: id }, "a change of an agent's state could not be acted on");
      }
    }
  };
  const tell = (id: string, signal: AgentSignal): boolean => {
    const one = watched.get(id);
    if (one === undefined) return false;
    one.facts = note(one.facts, signal);
    review(id, one);
    return true;
  };

  const subscriptions = [
    link.on("signal", (id, signal) => void tell(id, signal)),
    link.on("exit", (id, { code, signal }) => void tell(id, exitSignal(signal ?? `exit code ${code}`, clock.now()))),
    link.on("lost", (id) => void tell(id, exitSignal("lost", clock.now()))),
  ];

  return {
    begin(id, how) {
      const status = { state: "starting", source: "start", detail: null, sinceMs: clock.now() } as const;
      return add(id, { ...how, hook: null, status }).record;
    },
    unreadable(id) {
      tell(id, { source: "stream", state: "unknown", detail: "what it prints is not of a known form", timeMs: clock.now() });
      return watched.get(id)?.record;
    },
    restore(id, record, signals = []) {
      const one = add(id, record);
      if (record.hook !== null) one.facts = note(one.facts, record.hook);
      const { source, state, detail, sinceMs } = record.status;
      if (source === "stream") one.facts = note(one.facts, { source, state, detail: detail ?? "", timeMs: sinceMs });
      for (const signal of signals.toSorted((a, b) => a.timeMs - b.timeMs)) one.facts = note(one.facts, signal);
      review(id, one);
    },
    get: (id) => watched.get(id)?.record,
    typed(id, bytes) {
      const one = watched.get(id);
      if (one === undefined) return;
      const { state } = one.record.status;
      const { pipe = false } = one.record;
      const meaning = pipe ? meaningOfLine(bytes, state) : meaningOf(bytes, state);
      if (meaning === undefined) return;
      const timeMs = clock.now();
      if (meaning === "stops") one.stoppedMs = timeMs;
      else if (state === "idle") one.begun = true;
      tell(id, {
        source: "keystroke",
        state: meaning === "stops" ? state : "working",
        detail: meaning,
        timeMs,
        ...(pipe ? { patienceMs: lineMs } : {}),
      });
    },
    hook(id, { event, detail, timeMs }) {
      const one = watched.get(id);
      const kind = one?.record.hooks;
      const state = kind === null || kind === undefined ? undefined : stateOfHook(kind, event, detail);
      if (one === undefined || state === undefined) return false;
      // Agents start this one in the background: on a busy machine it may begin to run after the first prompt, of which it knows nothing.
      if (one.begun && event === "SessionStart" && (detail === "startup" || detail === "resume")) return true;
      one.begun = true;
      return tell(id, { source: "hook", state, detail: detail === undefined ? event : `${event} ${detail}`, timeMs });
    },
    stoppedMs: (id) => watched.get(id)?.stoppedMs ?? 0,
    answered(id, sinceMs) {
      const { hook, screen } = watched.get(id)?.facts.signals ?? {};
      const asks = screen?.state === "waitingPermission" || screen?.state === "waitingInput" || screen?.state === "unknown";
      return (hook?.timeMs ?? 0) >= sinceMs || (!asks && (screen?.timeMs ?? 0) >= sinceMs);
    },
    showsIdle(id) {
      const state = watched.get(id)?.facts.signals.screen?.state;
      return state === undefined || state === "idle" || state === "unknown";
    },
    onChange: (listener) => void listeners.add(listener),
    forget(id) {
      clearTimeout(watched.get(id)?.recheck);
      watched.delete(id);
    },
    close() {
      for (const { recheck } of watched.values()) clearTimeout(recheck);
      for (const unsubscribe of subscriptions) unsubscribe();
    },
  };
}

export function toAgentStatus({ kind, status: { sinceMs, ...status } }: AgentRecord): AgentStatus {
  return { kind, ...status, since: toTimestamp(sinceMs) };
}

function exitSignal(detail: string, timeMs: number): AgentSignal {
  return { source: "exit", state: "exited", detail, timeMs };
}

/** Its age is that of the state, whoever confirms it meanwhile. */
function nextStatus(status: AgentRecord["status"], { state, source, detail }: Judgement, nowMs: number): AgentRecord["status"] {
  return { state, source, detail, sinceMs: state === status.state ? status.sinceMs : nowMs };
}
