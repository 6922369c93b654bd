/** What a key that somebody pressed means to an agent: an answer, a prompt's end, or a stop. */
import type { AgentState } from "@gantry/contract";

export type KeystrokeMeaning = "submits" | "stops";

/** Undefined for everything that only edits a line. */
export function meaningOf(bytes: Uint8Array, state: AgentState): KeystrokeMeaning | undefined {
  const alone = bytes.length === 1 ? bytes[0] : undefined;
  if (alone === 0x03 || alone === 0x1b) return state === "idle" ? undefined : "stops";
  if (state === "working") return undefined;
  // Dialogs take a digit or a letter without Enter.
  if (state === "waitingPermission" && alone !== undefined && /[0-9yYnN]/.test(String.fromCharCode(alone))) return "submits";
  return bytes.at(-1) === 0x0d ? "submits" : undefined;
}

/** Between pipes: a whole line for an agent whose lines are known is a prompt. */
export function meaningOfLine(bytes: Uint8Array, state: AgentState): KeystrokeMeaning | undefined {
  return bytes.at(-1) === 0x0a && (state === "idle" || state === "starting") ? "submits" : undefined;
}
