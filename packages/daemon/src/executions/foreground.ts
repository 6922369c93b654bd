/** Somebody waits for this execution; when everybody who does has gone away, it is cancelled. */
import type { LiveExecution } from "./live-execution.ts";
import { isFinal } from "./state.ts";

/** A network that blinks must not end an hour's work; a closed terminal should not leave it running. */
const disconnectGraceMs = 3000;

export function foreground(live: LiveExecution, signal: AbortSignal, cancel: () => void): void {
  live.foregroundCallers += 1;
  const leave = () => {
    live.foregroundCallers -= 1;
    const timer = setTimeout(() => {
      if (live.foregroundCallers === 0 && !isFinal(live.row.state as never)) cancel();
    }, disconnectGraceMs);
    void live.ended.then(() => clearTimeout(timer));
  };
  if (signal.aborted) leave();
  else {
    signal.addEventListener("abort", leave, { once: true });
    void live.ended.then(() => signal.removeEventListener("abort", leave));
  }
}
