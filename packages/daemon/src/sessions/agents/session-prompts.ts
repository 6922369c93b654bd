/** Prompts and hooks' calls of sessions, for whoever may touch the session. */
import type { Prompt, PromptResult } from "@gantry/contract";

import type { Caller } from "../../core/caller.ts";
import type { SessionRow } from "../store.ts";
import type { WaitOptions } from "./prompts.ts";
import type { HookReport } from "./hook-calls.ts";
import type { SessionAgents } from "./session-agents.ts";

export interface SessionPrompts {
  submit(ref: string, text: string, options: WaitOptions, caller: Caller): Promise<PromptResult>;
  list(ref: string, caller: Caller): Promise<Prompt[]>;
  get(ref: string, promptId: string, options: WaitOptions, caller: Caller): Promise<PromptResult>;
  cancel(ref: string, promptId: string, caller: Caller): Promise<Prompt>;
  /** False when the call is not of the session's own program, or says nothing. */
  report(ref: string, report: HookReport, caller: Caller): Promise<boolean>;
}

interface SessionPromptsOptions {
  agents: SessionAgents;
  find(ref: string, caller: Caller): Promise<SessionRow>;
  findLive(ref: string, caller: Caller): Promise<SessionRow>;
}

export function createSessionPrompts({ agents, find, findLive }: SessionPromptsOptions): SessionPrompts {
  return {
    submit: async (ref, text, options, caller) => agents.submit(await findLive(ref, caller), text, caller.keyId, options),
    list: async (ref, caller) => agents.prompts((await find(ref, caller)).id),
    get: async (ref, promptId, options, caller) => agents.prompt((await find(ref, caller)).id, promptId, options),
    cancel: async (ref, promptId, caller) => agents.cancelPrompt((await find(ref, caller)).id, promptId),
    report: async (ref, report, caller) => agents.report(await findLive(ref, caller), report),
  };
}
