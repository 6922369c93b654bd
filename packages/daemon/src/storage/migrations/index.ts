/** Every migration in order. Released ones are never edited: add the next number. */
import type { Migration } from "kysely/migration";

import * as keys from "./001-keys.ts";
import * as executions from "./002-executions.ts";
import * as sessions from "./003-sessions.ts";
import * as schedules from "./004-schedules.ts";
import * as batches from "./005-batches.ts";
import * as executionsWorker from "./006-executions-worker.ts";
import * as executionsIdempotency from "./007-executions-idempotency.ts";

export const migrations: Record<string, Migration> = {
  "001-keys": keys,
  "002-executions": executions,
  "003-sessions": sessions,
  "004-schedules": schedules,
  "005-batches": batches,
  "006-executions-worker": executionsWorker,
  "007-executions-idempotency": executionsIdempotency,
};
