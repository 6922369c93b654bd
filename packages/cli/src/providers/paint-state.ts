/** Colours of a provider's state and health. */
import pc from "picocolors";

const paints: Record<string, (text: string) => string> = {
  ready: pc.green,
  ok: pc.green,
  degraded: pc.yellow,
  draining: pc.yellow,
  failing: pc.red,
  unreachable: pc.red,
  offline: pc.dim,
};

/** Of padded text, as tables hand it over. */
export function paintState(text: string): string {
  return paints[text.trim()]?.(text) ?? text;
}
