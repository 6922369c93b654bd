/** One look for the states of everything: a dot, a word, and a colour that never carries the meaning alone. */
import classes from "./state-badge.module.css";

type Tone = "good" | "busy" | "bad" | "warn" | "quiet";

const tones: Record<string, Tone> = {
  succeeded: "good",
  ready: "good",
  ok: "good",
  active: "good",
  idle: "quiet",
  running: "busy",
  queued: "busy",
  waiting: "quiet",
  paused: "warn",
  finished: "quiet",
  skipped: "quiet",
  missed: "warn",
  refused: "bad",
  scheduled: "quiet",
  starting: "busy",
  stopping: "warn",
  failed: "bad",
  failing: "bad",
  timedOut: "bad",
  lost: "bad",
  unreachable: "bad",
  revoked: "bad",
  cancelled: "warn",
  interrupted: "warn",
  expired: "warn",
  degraded: "warn",
  draining: "warn",
  offline: "quiet",
  exited: "quiet",
  working: "busy",
  submitting: "busy",
  submitted: "busy",
  done: "good",
  waitingPermission: "warn",
  waitingInput: "warn",
};

const words: Record<string, string> = {
  timedOut: "timed out",
  waitingPermission: "asks for permission",
  waitingInput: "asks for input",
  submitting: "being typed",
  submitted: "at work",
};

export function StateBadge({ state }: { state: string }) {
  return (
    <span className={classes.badge} data-tone={tones[state] ?? "quiet"} data-state={state}>
      {words[state] ?? state}
    </span>
  );
}
