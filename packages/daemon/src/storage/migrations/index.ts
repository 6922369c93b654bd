/** Every migration in order. Released ones are never edited: add the next number. */
import type { Migration } from "kysely/migration";

import * as keys from "./001-keys.ts";
import * as executions from "./002-executions.ts";
import * as sessions from "./003-sessions.ts";
import * as schedules from "./004-schedules.ts";
import * as batches from "./005-batches.ts";
import * as executionsWorker from "./006-executions-worker.ts";
import * as executionsIdempotency from "./007-executions-idempotency.ts";
import * as executionsSecrets from "./008-executions-secrets.ts";
import * as executionsQueues from "./009-executions-queues.ts";
import * as cachedResults from "./010-cached-results.ts";
import * as sessionsRecording from "./011-sessions-recording.ts";
import * as prompts from "./012-prompts.ts";
import * as logins from "./013-logins.ts";
import * as executionsLeftovers from "./014-executions-leftovers.ts";
import * as sessionsLastUsed from "./015-sessions-last-used.ts";

export const migrations: Record<string, Migration> = {
  "001-keys": keys,
  "002-executions": executions,
  "003-sessions": sessions,
  "004-schedules": schedules,
  "005-batches": batches,
  "006-executions-worker": executionsWorker,
  "007-executions-idempotency": executionsIdempotency,
  "008-executions-secrets": executionsSecrets,
  "009-executions-queues": executionsQueues,
  "010-cached-results": cachedResults,
  "011-sessions-recording": sessionsRecording,
  "012-prompts": prompts,
  "013-logins": logins,
  "014-executions-leftovers": executionsLeftovers,
  "015-sessions-last-used": sessionsLastUsed,
};
