/** All SQL of schedules and their ticks. */
import { type Selectable, sql } from "kysely";

import type { Sealing } from "../core/sealing.ts";
import type { Database } from "../storage/database.ts";
import type { SchedulesTable, TicksTable } from "../storage/tables.ts";

export type ScheduleRow = Selectable<SchedulesTable>;
export type TickRow = Selectable<TicksTable>;

export interface ScheduleStore {
  schedules(): Promise<ScheduleRow[]>;
  save(row: ScheduleRow): Promise<void>;
  /** With its ticks. */
  remove(id: string): Promise<void>;
  /** In one transaction: moves the cursor and inserts those ticks that are not there yet; answers with these. */
  record(scheduleId: string, cursorMs: number, ticks: TickRow[]): Promise<TickRow[]>;
  saveTick(tick: TickRow): Promise<void>;
  unfinishedTicks(): Promise<TickRow[]>;
  lastTick(scheduleId: string): Promise<TickRow | undefined>;
  /** Newest first. */
  ticks(scheduleId: string, filter: { beforeMs: number | undefined; limit: number }): Promise<TickRow[]>;
}

/** So many ticks of a schedule are kept to look at. */
const keptTicks = 1000;

/** Definitions are sealed at rest: their input and environment may hold secrets. `onUnreadable`: one was sealed with another key and is left out. */
export function createScheduleStore(db: Database, sealing: Sealing, onUnreadable: (name: string) => void): ScheduleStore {
  return {
    async schedules() {
      const rows = await db.selectFrom("schedules").selectAll().orderBy("name").execute();
      const readable: ScheduleRow[] = [];
      for (const row of rows) {
        const definition = sealing.open(row.definition);
        if (definition !== undefined) readable.push({ ...row, definition });
        else {
          onUnreadable(row.name);
          // Its file makes it anew.
          if (row.source === "configuration") await db.deleteFrom("schedules").where("id", "=", row.id).execute();
        }
      }
      return readable;
    },
    async save(saved) {
      const row = { ...saved, definition: sealing.seal(saved.definition) };
      await db
        .insertInto("schedules")
        .values(row)
        .onConflict((conflict) => conflict.column("id").doUpdateSet(row))
        .execute();
    },
    async remove(id) {
      await db.transaction().execute(async (transaction) => {
        await transaction.deleteFrom("ticks").where("scheduleId", "=", id).execute();
        await transaction.deleteFrom("schedules").where("id", "=", id).execute();
      });
    },
    record: (scheduleId, cursorMs, ticks) =>
      db.transaction().execute(async (transaction) => {
        const inserted: TickRow[] = [];
        for (const tick of ticks) {
          const { numInsertedOrUpdatedRows } = await transaction
            .insertInto("ticks")
            .values(tick)
            .onConflict((conflict) => conflict.columns(["scheduleId", "scheduledAtMs"]).doNothing())
            .executeTakeFirst();
          if ((numInsertedOrUpdatedRows ?? 0n) > 0n) inserted.push(tick);
        }
        await transaction.updateTable("schedules").set({ cursorMs }).where("id", "=", scheduleId).execute();
        await sql`DELETE FROM "ticks" WHERE "scheduleId" = ${scheduleId} AND "endedAtMs" IS NOT NULL AND "scheduledAtMs" < (
          SELECT "scheduledAtMs" FROM "ticks" WHERE "scheduleId" = ${scheduleId} ORDER BY "scheduledAtMs" DESC LIMIT 1 OFFSET ${keptTicks}
        )`.execute(transaction);
        return inserted;
      }),
    async saveTick(tick) {
      await db
        .updateTable("ticks")
        .set(tick)
        .where("scheduleId", "=", tick.scheduleId)
        .where("scheduledAtMs", "=", tick.scheduledAtMs)
        .execute();
    },
    unfinishedTicks: () => db.selectFrom("ticks").selectAll().where("endedAtMs", "is", null).orderBy("scheduledAtMs").execute(),
    lastTick: (scheduleId) =>
      db.selectFrom("ticks").selectAll().where("scheduleId", "=", scheduleId).orderBy("scheduledAtMs", "desc").limit(1).executeTakeFirst(),
    ticks(scheduleId, { beforeMs, limit }) {
      let query = db.selectFrom("ticks").selectAll().where("scheduleId", "=", scheduleId).orderBy("scheduledAtMs", "desc").limit(limit);
      if (beforeMs !== undefined) query = query.where("scheduledAtMs", "<", beforeMs);
      return query.execute();
    },
  };
}
