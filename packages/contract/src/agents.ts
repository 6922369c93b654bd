/** What sessions add for programs that are agents: profiles to open them by, their state, and prompts that wait their turn. */
import { z } from "zod";

import { event } from "./event.ts";
import { operation } from "./operation.ts";
import { Name, PromptId, SessionId, Timestamp } from "./primitives.ts";

/** `waitingPermission`: it asks whether it may do something. `waitingInput`: it asks something else. `idle`: its turn is over. */
export const AgentState = z.enum(["starting", "working", "waitingPermission", "waitingInput", "idle", "exited", "unknown"]);
export type AgentState = z.infer<typeof AgentState>;

/** Strongest first: `start` is known only until another has spoken. */
export const AgentSource = z.enum(["exit", "hook", "keystroke", "stream", "osc", "title", "foreground", "screen", "start"]);
export type AgentSource = z.infer<typeof AgentSource>;

export const AgentStatus = z.object({
  /** A shell is at work while something that it started has its terminal. */
  kind: z.enum(["agent", "shell"]),
  state: AgentState,
  /** What told it. */
  source: AgentSource,
  /** Since when it has been in this state. */
  since: Timestamp,
  /** What exactly was seen, for example a hook's or a rule's name. */
  detail: z.string().nullable(),
});
export type AgentStatus = z.infer<typeof AgentStatus>;

/** `submitted`: typed, the screen reacted, and the agent has not become idle again. `failed`: see `error`. */
export const PromptState = z.enum(["queued", "submitting", "submitted", "done", "failed", "cancelled"]);
export type PromptState = z.infer<typeof PromptState>;

export const Prompt = z.object({
  promptId: PromptId,
  sessionId: SessionId,
  state: PromptState,
  text: z.string(),
  owner: z.string(),
  createdAt: Timestamp,
  submittedAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
  error: z.string().nullable(),
});
export type Prompt = z.infer<typeof Prompt>;

/** `output`: what the terminal showed between submission and the end of the turn, as plain text; null when that is not over. */
export const PromptResult = Prompt.extend({
  output: z.string().nullable(),
  agentState: AgentState,
  /** The wait was over before the agent was: the prompt stands. */
  timedOut: z.boolean(),
});
export type PromptResult = z.infer<typeof PromptResult>;

const id = z.string().min(1).max(128);
const wait = {
  /** Answer only when the agent is idle again, or the time is up. */
  wait: z.stringbool().or(z.boolean()).default(false),
  timeoutMs: z.int().min(1).max(86_400_000).optional(),
};

export const agentOperations = {
  submitPrompt: operation({
    method: "POST",
    path: "/sessions/:id/prompts",
    permission: "sessions.control",
    summary: "Give an agent a prompt: typed when it is idle, after those that came before",
    input: z.object({
      id,
      text: z
        .string()
        .min(1)
        .max(1024 * 1024),
      ...wait,
    }),
    output: PromptResult,
    mayTakeLong: true,
    successStatus: ({ state }) => (state === "queued" || state === "submitting" || state === "submitted" ? 202 : 200),
    errors: ["notFound", "conflict", "resourceExhausted", "unavailable"],
  }),
  prompts: operation({
    method: "GET",
    path: "/sessions/:id/prompts",
    permission: "sessions.read",
    summary: "List a session's prompts in order: the last that ended, the one at work, and those that wait",
    input: z.object({ id }),
    output: z.object({ items: z.array(Prompt) }),
    errors: ["notFound"],
  }),
  prompt: operation({
    method: "GET",
    path: "/sessions/:id/prompts/:promptId",
    permission: "sessions.read",
    summary: "Show one prompt with what the agent printed, now or when it is done",
    input: z.object({ id, promptId: z.string().max(128), ...wait }),
    output: PromptResult,
    mayTakeLong: true,
    errors: ["notFound"],
  }),
  cancelPrompt: operation({
    method: "DELETE",
    path: "/sessions/:id/prompts/:promptId",
    permission: "sessions.control",
    summary: "Take a waiting prompt out of the queue",
    input: z.object({ id, promptId: z.string().max(128) }),
    output: Prompt,
    errors: ["notFound", "conflict"],
    idempotent: true,
  }),
  reportAgent: operation({
    method: "POST",
    path: "/sessions/:id/agent-events",
    permission: "sessions.control",
    summary: "Called by an agent's own hooks: tells the daemon what it is doing. Needs the session's hook secret",
    input: z.object({
      id,
      secret: z.string().max(128),
      /** The hook's own process, a descendant of the session's program. */
      pid: z.int().min(1),
      /** When the hook was started, in epoch milliseconds: what was typed later counts more. */
      startedMs: z.int().min(0).optional(),
      event: z.string().max(64),
      detail: z.string().max(256).optional(),
    }),
    output: z.object({ accepted: z.boolean() }),
    errors: ["notFound", "conflict", "unavailable"],
  }),
};

const Subject = z.object({ sessionId: SessionId, name: Name.nullable(), owner: z.string() });

export const agentEvents = {
  "session.agentState": event("sessions.read", Subject.extend({ agent: AgentStatus })),
  "session.prompt": event("sessions.read", Subject.extend({ promptId: PromptId, state: PromptState, error: z.string().nullable() })),
} as const;
