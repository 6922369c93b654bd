/** The sessions room on every transport. */
import { GantryError, type ProcessHost, type sessionOperations } from "@gantry/contract";

import type { Handlers } from "../core/handlers.ts";
import type { Profiles } from "./profiles/service.ts";
import type { SessionService } from "./service.ts";

export function createSessionHandlers(
  sessions: SessionService,
  profiles: Profiles,
  hosts: () => Promise<ProcessHost[]>,
): Handlers<typeof sessionOperations> {
  const { prompts } = sessions;
  return {
    profiles: async (how, { caller }) => ({ items: await profiles.list(how, caller) }),
    submitPrompt: ({ id, text, wait, timeoutMs }, { caller, signal }) => prompts.submit(id, text, { wait, timeoutMs, signal }, caller),
    prompts: async ({ id }, { caller }) => ({ items: await prompts.list(id, caller) }),
    prompt: ({ id, promptId, wait, timeoutMs }, { caller, signal }) => prompts.get(id, promptId, { wait, timeoutMs, signal }, caller),
    cancelPrompt: ({ id, promptId }, { caller }) => prompts.cancel(id, promptId, caller),
    reportAgent: async ({ id, ...report }, { caller }) => ({ accepted: await prompts.report(id, report, caller) }),
    open: (input, { caller }) => sessions.open(input, caller),
    list: ({ state, live, ...rest }, { caller }) => {
      const states = state === undefined ? undefined : Array.isArray(state) ? state : [state];
      return sessions.list({ ...rest, states, live: live === true }, caller);
    },
    get: ({ id }, { caller }) => sessions.get(id, caller),
    async input({ id, text, base64 }, { caller }) {
      if ((text === undefined) === (base64 === undefined))
        throw new GantryError("invalidArgument", "Give either text or base64. Nothing was typed.");
      return { bytes: await sessions.input(id, text === undefined ? Buffer.from(base64 as string, "base64") : Buffer.from(text), caller) };
    },
    send: ({ id, text, enter }, { caller }) => sessions.send(id, text, enter, caller),
    interrupt: ({ id }, { caller }) => sessions.interrupt(id, caller),
    signal: ({ id, signal }, { caller }) => sessions.signal(id, signal, caller),
    resize: ({ id, cols, rows }, { caller }) => sessions.resize(id, cols, rows, caller),
    screen: ({ id, format }, { caller }) => sessions.screen(id, format, caller),
    output: ({ id, since, follow }, { caller, signal, wantsStream }) => sessions.output(id, { since, follow, wantsStream, signal }, caller),
    recording: ({ id, format }, { caller }) => sessions.recording(id, format, caller),
    broadcast: async ({ id, message }, { caller }) => ({ recipients: await sessions.broadcast(id, message, caller) }),
    control: ({ id, attachmentId }, { caller }) => sessions.giveControl(id, attachmentId, caller),
    hosts: async () => ({ items: await hosts() }),
    cleanup: (input, { caller }) => sessions.cleanup(input, caller),
    kill: ({ id }, { caller }) => sessions.kill(id, caller),
  };
}
