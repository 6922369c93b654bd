/**
 * Judges what an agent is doing from everything that has told of it. Pure: signals go in, in the order they came, and time is given.
 *
 * Strongest first: the process's exit; the agent's own hooks; our own keystrokes; the lines of a headless mode; announcements (OSC); what has a
 * shell's terminal; the title; rules about the screen. A keystroke is a guess that holds until anything newer contradicts it. A strong source that has not
 * spoken since the screen came to rest on something else is not believed for ever: a hook can be missed, a crash tells nothing.
 */
import type { AgentSource, AgentState } from "@gantry/contract";

export type SignalSource = Exclude<AgentSource, "start">;

export interface AgentSignal {
  source: SignalSource;
  state: AgentState;
  detail: string;
  timeMs: number;
  /** Of a keystroke: how long it counts when nothing answers it. */
  patienceMs?: number | undefined;
}

export interface AgentFacts {
  readonly startedMs: number;
  readonly signals: Readonly<Partial<Record<SignalSource, AgentSignal>>>;
  /** Something else than a keystroke has said `working` since the last keystroke. */
  readonly worked: boolean;
}

export interface Judgement {
  state: AgentState;
  source: AgentSource;
  detail: string | null;
  /** When time alone may change it. */
  recheckAtMs: number | undefined;
}

/** After Enter, a program may show its old prompt once more before it begins. */
export const holdMs = 800;
/** A keystroke that nothing answered is forgotten. */
export const keystrokeMs = 5000;
/** Between pipes nothing shows until the model has answered. */
export const lineMs = 60_000;
/** A working agent animates something: one whose screen has not moved for this long does what the screen says. */
export const restMs = 10_000;

const waiting: ReadonlySet<AgentState> = new Set(["waitingPermission", "waitingInput"]);
const quiet: ReadonlySet<AgentState> = new Set(["idle", "unknown"]);
/** In this order, below keystrokes. */
const observers = ["stream", "osc", "foreground", "title", "screen"] as const;

export function startFacts(startedMs: number): AgentFacts {
  return { startedMs, signals: {}, worked: false };
}

export function note(facts: AgentFacts, signal: AgentSignal): AgentFacts {
  const { signals } = facts;
  if (signals.exit !== undefined) return facts;
  const { hook: _hook, keystroke: _keystroke, osc: _osc, ...seen } = signals;
  switch (signal.source) {
    case "exit":
      return { ...facts, signals: { exit: signal } };
    // It has been answered, or stopped: what was announced before is over.
    case "keystroke":
      return { ...facts, worked: false, signals: { ...seen, keystroke: signal } };
    case "hook": {
      const { keystroke, ...rest } = signals;
      // Hooks take a moment: one that was started before the key was pressed says nothing about what came of it.
      if (signal.timeMs < Math.max(keystroke?.timeMs ?? 0, signals.hook?.timeMs ?? 0)) return facts;
      return { ...facts, signals: { ...rest, hook: signal } };
    }
    default:
      return { ...facts, worked: facts.worked || signal.state === "working", signals: { ...signals, [signal.source]: signal } };
  }
}

export function judge({ startedMs: _startedMs, signals, worked }: AgentFacts, nowMs: number): Judgement {
  const { exit, hook, keystroke, screen } = signals;
  if (exit !== undefined) return told(exit);
  if (hook !== undefined) {
    // No hook tells of the questions that it asks between turns; no prompt must be typed into one.
    if (hook.state === "idle" && screen !== undefined && screen.timeMs > hook.timeMs && waiting.has(screen.state)) return told(screen);
    const at = restsOtherwise(hook, screen);
    if (at === undefined || screen === undefined) return told(hook);
    return nowMs >= at ? told(screen) : told(hook, at);
  }
  if (keystroke !== undefined) {
    const newer = strongest(signals, keystroke.timeMs);
    const repainted = newer?.state === "idle" && (newer.source === "screen" || newer.source === "title") && !worked;
    const holdsUntilMs = keystroke.timeMs + (newer === undefined ? (keystroke.patienceMs ?? keystrokeMs) : repainted ? holdMs : 0);
    if (nowMs < holdsUntilMs) return told(keystroke, holdsUntilMs);
  }
  const after = keystroke === undefined ? undefined : strongest(signals, keystroke.timeMs);
  const signal = after ?? strongest(signals, -Infinity);
  if (signal === undefined) {
    const unread = screen ?? signals.stream;
    return unread === undefined ? { state: "starting", source: "start", detail: null, recheckAtMs: undefined } : told(unread);
  }
  if (signal.source === "title" && signal.state === "idle" && screen !== undefined && !quiet.has(screen.state)) {
    // The title goes to rest a moment before the screen shows why: it may be a question.
    const untilMs = screen.timeMs > signal.timeMs ? Infinity : signal.timeMs + holdMs;
    if (screen.timeMs > (keystroke?.timeMs ?? -Infinity) && nowMs < untilMs)
      return told(screen, Number.isFinite(untilMs) ? untilMs : undefined);
  }
  const at = signal.source === "osc" || signal.source === "title" ? restsOtherwise(signal, screen) : undefined;
  if (at === undefined || screen === undefined) return told(signal);
  return nowMs >= at ? told(screen) : told(signal, at);
}

function told({ state, source, detail }: AgentSignal, recheckAtMs?: number): Judgement {
  return { state, source, detail, recheckAtMs };
}

/** When the screen will have rested long enough on something else than the signal said, if it does. */
function restsOtherwise(signal: AgentSignal, screen: AgentSignal | undefined): number | undefined {
  if (screen === undefined || screen.state === "unknown" || screen.state === signal.state || screen.timeMs <= signal.timeMs)
    return undefined;
  return screen.timeMs + restMs;
}

/** Of what was observed after a time. A dialog on the screen is stronger than a title or announcement that says nothing goes on. */
function strongest(signals: AgentFacts["signals"], afterMs: number): AgentSignal | undefined {
  const known = observers.flatMap((source) => {
    const signal = signals[source];
    return signal === undefined || signal.state === "unknown" || signal.timeMs <= afterMs ? [] : [signal];
  });
  const [first] = known;
  const screen = known.at(-1);
  return first?.state === "idle" && first.source !== "foreground" && screen?.source === "screen" && waiting.has(screen.state)
    ? screen
    : first;
}
