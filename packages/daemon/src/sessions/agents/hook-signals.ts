/** What each hook of an agent says about its state. */
import type { AgentState } from "@gantry/contract";

const claude: Record<string, AgentState> = {
  SessionStart: "idle",
  UserPromptSubmit: "working",
  PreToolUse: "working",
  PostToolUse: "working",
  PostToolUseFailure: "working",
  PermissionRequest: "waitingPermission",
  PermissionDenied: "working",
  Elicitation: "waitingInput",
  ElicitationResult: "working",
  Stop: "idle",
  StopFailure: "idle",
};
const claudeNotices: Record<string, AgentState> = {
  permission_prompt: "waitingPermission",
  idle_prompt: "idle",
  elicitation_dialog: "waitingInput",
};
const gemini: Record<string, AgentState> = {
  SessionStart: "idle",
  BeforeAgent: "working",
  BeforeTool: "working",
  AfterTool: "working",
  AfterAgent: "idle",
};

/** Hooks that are asked for, by whose form they have. */
export const hookNames = {
  claude: [...Object.keys(claude), "Notification"],
  gemini: [...Object.keys(gemini), "Notification"],
} as const;

/** `detail`: a tool's name, or the kind of a notice. Undefined when it says nothing. */
export function stateOfHook(kind: keyof typeof hookNames, event: string, detail: string | undefined): AgentState | undefined {
  if (kind === "gemini") return event === "Notification" ? "waitingPermission" : gemini[event];
  if (event === "Notification") return claudeNotices[detail ?? ""];
  // These tools are questions.
  if (event === "PreToolUse" && detail === "AskUserQuestion") return "waitingInput";
  if (event === "PreToolUse" && detail === "ExitPlanMode") return "waitingPermission";
  return claude[event];
}
