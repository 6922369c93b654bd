/** Contract operations of the room `executions`, of the queues in which they wait, and of the cache. */
import type { cacheOperations, executionOperations, ExecutionState, queueOperations } from "@gantry/contract";

import { mayTouch } from "../core/caller.ts";
import { droppedBytes } from "../core/output-log.ts";
import type { Handlers } from "../core/handlers.ts";
import { outputEvents, outputText } from "./event-stream.ts";
import { execute } from "./execute.ts";
import { logFileOf } from "./live-execution.ts";
import type { Queues } from "./queues.ts";
import type { ExecutionsService } from "./service.ts";
import { executionView, summaryView } from "./views.ts";

export function createExecutionHandlers(service: ExecutionsService, outputsDirectory: string): Handlers<typeof executionOperations> {
  return {
    execute: (request, context) => execute(service, request, context),

    async list({ limit, cursor, command, state, tag, owner, text, minDurationMs, since, until }, { caller }) {
      const rows = await service.list({
        limit: limit + 1,
        before: cursor,
        command,
        states: state === undefined || Array.isArray(state) ? state : [state],
        // Who sees only its own gets none of another's.
        owner: mayTouch(caller, "") ? owner : caller.keyId,
        tag,
        text,
        minDurationMs,
        sinceMs: since === undefined ? undefined : Date.parse(since),
        untilMs: until === undefined ? undefined : Date.parse(until),
      });
      const items = rows.slice(0, limit).map(summaryView);
      return rows.length > limit ? { items, nextCursor: items.at(-1)?.executionId } : { items };
    },

    async get({ id }, { caller }) {
      const row = await service.get(id, caller);
      const outputDroppedBytes = await droppedBytes(logFileOf(outputsDirectory, id), row.outputBytes);
      return { ...executionView(row, await service.attempts(row)), outputDroppedBytes };
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

    async retry({ id }, { caller }) {
      const live = await service.retry(id, caller);
      // Like one that was asked for detached: nobody's going away cancels it.
      live.foregroundCallers += 1;
      return summaryView(live.row);
    },

    async cancel({ id }, { caller }) {
      return summaryView(await service.cancel(id, caller));
    },
  };
}

export function createQueueHandlers(
  queues: Queues,
  limits: Readonly<Record<"maxConcurrent" | "maxQueued", number>>,
): Handlers<typeof queueOperations> {
  return {
    list: async () => ({ items: queues.list(), limits: { maxConcurrent: limits.maxConcurrent, maxQueued: limits.maxQueued } }),
    pause: ({ name }) => queues.pause(name),
    resume: ({ name }) => queues.resume(name),
  };
}

export function createCacheHandlers(service: Pick<ExecutionsService, "cacheStatus" | "clearCache">): Handlers<typeof cacheOperations> {
  return {
    status: () => service.cacheStatus(),
    clear: async ({ command }) => ({ cleared: await service.clearCache(command) }),
  };
}
