/** Contract operations of the room `schedules`. */
import type { scheduleOperations } from "@gantry/contract";

import { toTimestamp } from "../core/clock.ts";
import type { Handlers } from "../core/handlers.ts";
import type { SchedulesService } from "./service.ts";
import { scheduleView, summaryView, tickView } from "./views.ts";

export function createScheduleHandlers(service: SchedulesService): Handlers<typeof scheduleOperations> {
  return {
    create: async (input, { caller }) => scheduleView(await service.create(input, caller)),
    list({ limit, cursor }, { caller }) {
      const rest = service.list(caller).filter(({ row }) => cursor === undefined || row.name > cursor);
      const items = rest.slice(0, limit).map(summaryView);
      return rest.length > limit ? { items, nextCursor: items.at(-1)?.name } : { items };
    },
    get: ({ schedule }, { caller }) => scheduleView(service.get(schedule, caller)),
    update: async (input, { caller }) => scheduleView(await service.update(input, caller)),
    async delete({ schedule }, { caller }) {
      await service.remove(schedule, caller);
      return { deleted: true };
    },
    pause: async ({ schedule }, { caller }) => scheduleView(await service.setPaused(schedule, true, caller)),
    resume: async ({ schedule }, { caller }) => scheduleView(await service.setPaused(schedule, false, caller)),
    trigger: async ({ schedule }, { caller }) => tickView(await service.trigger(schedule, caller)),
    async ticks({ schedule, limit, cursor }, { caller }) {
      const beforeMs = cursor === undefined ? undefined : Number(cursor);
      const rows = await service.ticks(schedule, { beforeMs, limit: limit + 1 }, caller);
      const shown = rows.slice(0, limit);
      const items = shown.map(tickView);
      return rows.length > limit ? { items, nextCursor: String(shown.at(-1)?.scheduledAtMs) } : { items };
    },
    next({ schedule, count }, { caller }) {
      const { timeZone } = scheduleView(service.get(schedule, caller));
      const items = service
        .next(schedule, count, caller)
        .map(({ atMs, startsAtMs }) => ({ at: toTimestamp(atMs), startsAt: toTimestamp(startsAtMs) }));
      return { timeZone, items };
    },
  };
}
