/** Contract operations of the room `executions`. */
import type { executionOperations, ExecutionState } from "@gantry/contract";

import { mayTouch } from "../core/caller.ts";
import type { Handlers } from "../core/handlers.ts";
import { executeEvents, outputEvents, outputText } from "./event-stream.ts";
import { foreground } from "./foreground.ts";
import { logFileOf } from "./live-execution.ts";
import { loadOutput } from "./load-output.ts";
import type { ExecutionsService } from "./service.ts";
import { executionView, resultView, summaryView } from "./views.ts";

export function createExecutionHandlers(service: ExecutionsService, outputsDirectory: string): Handlers<typeof executionOperations> {
  return {
    async execute(request, { caller, signal, wantsStream }) {
      const live = await service.submit(request, caller, request.wait || wantsStream);
      if (!request.wait) {
        // A detached caller never goes away: whoever joins it later with the same idempotency key cannot cancel it by leaving.
        live.foregroundCallers += 1;
        if (wantsStream) return executeEvents(live, signal);
        return resultView(live.row, live.output.tail());
      }
      foreground(live, signal, () => void service.cancel(live.id, caller).catch(() => undefined));
      if (wantsStream) return executeEvents(live, signal);
      await live.ended;
      if (!live.hasOutput) await loadOutput(live);
      return resultView(live.row, live.output.tail());
    },

    async list({ limit, cursor, command, state, tag, since, until }, { caller }) {
      const rows = await service.list({
        limit: limit + 1,
        before: cursor,
        command,
        states: state === undefined || Array.isArray(state) ? state : [state],
        owner: mayTouch(caller, "") ? undefined : caller.keyId,
        tag,
        sinceMs: since === undefined ? undefined : Date.parse(since),
        untilMs: until === undefined ? undefined : Date.parse(until),
      });
      const items = rows.slice(0, limit).map(summaryView);
      return rows.length > limit ? { items, nextCursor: items.at(-1)?.executionId } : { items };
    },

    async get({ id }, { caller }) {
      const row = await service.get(id, caller);
      return executionView(row, await service.attempts(row));
    },

    async output({ id, since, stream, follow }, { caller, signal, wantsStream }) {
      await service.get(id, caller);
      const logFile = logFileOf(outputsDirectory, id);
      const live = service.live(id);
      if (!wantsStream) {
        await live?.running?.flushed();
        return outputText(logFile, since, stream);
      }
      const currentState = async () => (await service.get(id, caller)).state as ExecutionState;
      return outputEvents({ live, logFile, since, stream, follow, signal, currentState });
    },

    async cancel({ id }, { caller }) {
      return summaryView(await service.cancel(id, caller));
    },
  };
}
