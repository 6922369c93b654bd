/** An agent's state in the colour of how much it wants the user. */
import type { AgentState } from "@gantry/contract";
import pc from "picocolors";

export function paintAgent(state: AgentState, text: string): string {
  if (state === "waitingPermission" || state === "waitingInput") return pc.yellow(text);
  if (state === "working") return pc.green(text);
  return state === "exited" || state === "unknown" ? pc.dim(text) : text;
}
