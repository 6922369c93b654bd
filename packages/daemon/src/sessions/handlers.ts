/** The sessions room on every transport. */
import { GantryError, type sessionOperations } from "@gantry/contract";

import type { Handlers } from "../core/handlers.ts";
import type { SessionService } from "./service.ts";

export function createSessionHandlers(sessions: SessionService): Handlers<typeof sessionOperations> {
  return {
    open: (input, { caller }) => sessions.open(input, caller),
    list: ({ state, live, limit, cursor }, { caller }) => {
      const states = state === undefined ? undefined : Array.isArray(state) ? state : [state];
      return sessions.list({ states, live: live === true, limit, cursor }, caller);
    },
    get: ({ id }, { caller }) => sessions.get(id, caller),
    async input({ id, text, base64 }, { caller }) {
      if ((text === undefined) === (base64 === undefined))
        throw new GantryError("invalidArgument", "Give either text or base64. Nothing was typed.");
      return { bytes: await sessions.input(id, text === undefined ? Buffer.from(base64 as string, "base64") : Buffer.from(text), caller) };
    },
    send: async ({ id, text, enter }, { caller }) => ({ bytes: await sessions.send(id, text, enter, caller) }),
    interrupt: ({ id }, { caller }) => sessions.interrupt(id, caller),
    signal: ({ id, signal }, { caller }) => sessions.signal(id, signal, caller),
    resize: ({ id, cols, rows }, { caller }) => sessions.resize(id, cols, rows, caller),
    screen: ({ id, format }, { caller }) => sessions.screen(id, format, caller),
    broadcast: async ({ id, message }, { caller }) => ({ recipients: await sessions.broadcast(id, message, caller) }),
    control: ({ id, attachmentId }, { caller }) => sessions.giveControl(id, attachmentId, caller),
    kill: ({ id }, { caller }) => sessions.kill(id, caller),
  };
}
