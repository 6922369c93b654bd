/** Colours of a provider's state and health. */
import pc from "picocolors";

const paints: Record<string, (text: string) => string> = {
  ready: pc.green,
  ok: pc.green,
  running: pc.green,
  degraded: pc.yellow,
  starting: pc.yellow,
  waiting: pc.red,
  stopping: pc.yellow,
  stopped: pc.dim,
  draining: pc.yellow,
  trying: pc.yellow,
  open: pc.red,
  failing: pc.red,
  unreachable: pc.red,
  offline: pc.dim,
};

/** Of padded text, as tables hand it over. */
export function paintState(text: string): string {
  return paints[text.trim()]?.(text) ?? text;
}
