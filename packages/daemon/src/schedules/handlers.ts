/** Contract operations of the room `schedules`. */
import type { scheduleOperations } from "@gantry/contract";

import { toTimestamp } from "../core/clock.ts";
import type { Handlers } from "../core/handlers.ts";
import type { LiveSchedule } from "./live-schedule.ts";
import type { Runs } from "./runs.ts";
import type { SchedulesService } from "./service.ts";
import { scheduleView, summaryView, tickView } from "./views.ts";

export function createScheduleHandlers(service: SchedulesService, conceal: Runs["conceal"]): Handlers<typeof scheduleOperations> {
  const shown = async (live: LiveSchedule) => scheduleView(live, await conceal(live.definition));
  return {
    create: async (input, { caller }) => shown(await service.create(input, caller)),
    list({ limit, cursor }, { caller }) {
      const rest = service.list(caller).filter(({ row }) => cursor === undefined || row.name > cursor);
      const items = rest.slice(0, limit).map(summaryView);
      return rest.length > limit ? { items, nextCursor: items.at(-1)?.name } : { items };
    },
    get: ({ schedule }, { caller }) => shown(service.get(schedule, caller)),
    update: async (input, { caller }) => shown(await service.update(input, caller)),
    async delete({ schedule }, { caller }) {
      await service.remove(schedule, caller);
      return { deleted: true };
    },
    pause: async ({ schedule }, { caller }) => shown(await service.setPaused(schedule, true, caller)),
    resume: async ({ schedule }, { caller }) => shown(await service.setPaused(schedule, false, caller)),
    trigger: async ({ schedule }, { caller }) => tickView(await service.trigger(schedule, caller)),
    async ticks({ schedule, limit, cursor }, { caller }) {
      const beforeMs = cursor === undefined ? undefined : Number(cursor);
      const rows = await service.ticks(schedule, { beforeMs, limit: limit + 1 }, caller);
      const shown = rows.slice(0, limit);
      const items = shown.map(tickView);
      return rows.length > limit ? { items, nextCursor: String(shown.at(-1)?.scheduledAtMs) } : { items };
    },
    next({ schedule, count }, { caller }) {
      const { timeZone } = summaryView(service.get(schedule, caller));
      const items = service
        .next(schedule, count, caller)
        .map(({ atMs, startsAtMs }) => ({ at: toTimestamp(atMs), startsAt: toTimestamp(startsAtMs) }));
      return { timeZone, items };
    },
  };
}
