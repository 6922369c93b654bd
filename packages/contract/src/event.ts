/** Declares what the daemon tells its subscribers. Events report; they never steer. */
import { z } from "zod";

import type { Permission } from "./permissions.ts";
import { Timestamp } from "./primitives.ts";

export interface EventSpec<Data extends z.ZodType = z.ZodType> {
  /** Who may see it: the same right as reading the room. */
  permission: Permission;
  data: Data;
}

export function event<Data extends z.ZodType>(permission: Permission, data: Data): EventSpec<Data> {
  return { permission, data };
}

/** One delta on `/cluster`. `seq` rises by one per event of a daemon's life; a gap means: ask for a snapshot. */
export const EventEnvelope = z.object({ seq: z.int(), type: z.string(), time: Timestamp, data: z.unknown() });
export type EventEnvelope = z.infer<typeof EventEnvelope>;
