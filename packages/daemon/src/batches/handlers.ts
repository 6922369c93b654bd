/** Contract operations of the room `batches`. */
import type { Batch, BatchEvent, batchOperations } from "@gantry/contract";

import type { Caller } from "../core/caller.ts";
import type { Handlers } from "../core/handlers.ts";
import { batchEvents, failuresShown, pastEvents } from "./event-stream.ts";
import type { BatchesService } from "./service.ts";
import { batchView, itemView, summaryView } from "./views.ts";

export function createBatchHandlers(service: BatchesService): Handlers<typeof batchOperations> {
  const show = async (id: string, caller: Caller): Promise<Batch> => {
    const row = await service.get(id, caller);
    return batchView(row, service.live(id)?.counts, await service.failures(id, failuresShown));
  };
  return {
    async create(input, { caller, signal, wantsStream }) {
      const live = await service.create(input, caller);
      // A batch is not its watcher's: it goes on when nobody watches.
      return wantsStream ? batchEvents(live, 0, signal) : show(live.row.id, caller);
    },
    async list({ limit, cursor, state }, { caller }) {
      const rows = await service.list({ state, before: cursor, limit: limit + 1 }, caller);
      const items = rows.slice(0, limit).map((row) => summaryView(row, service.live(row.id)?.counts));
      return rows.length > limit ? { items, nextCursor: items.at(-1)?.batchId } : { items };
    },
    async get({ id, since }, { caller, signal, wantsStream }) {
      const row = await service.get(id, caller);
      if (!wantsStream) return show(id, caller);
      const live = service.live(id);
      return live === undefined ? inTurn(pastEvents(row, await service.endedItems(id), since)) : batchEvents(live, since, signal);
    },
    async items({ id, limit, cursor, state }, { caller }) {
      await service.get(id, caller);
      const after = cursor === undefined ? undefined : Number(cursor);
      const rows = await service.items(id, { after, states: state === undefined ? undefined : [state], limit: limit + 1 });
      const items = rows.slice(0, limit).map(itemView);
      return rows.length > limit ? { items, nextCursor: String(items.at(-1)?.index) } : { items };
    },
    async cancel({ id }, { caller }) {
      await service.cancel(id, caller);
      return show(id, caller);
    },
  };
}

async function* inTurn(events: Iterable<BatchEvent>): AsyncGenerator<BatchEvent> {
  yield* events;
}
