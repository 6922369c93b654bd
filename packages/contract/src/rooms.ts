/** Every operation and event there is, by room: what transports, the typed client, OpenAPI, and the CLI are built from. */
import { accessOperations } from "./access.ts";
import { batchEvents, batchOperations } from "./batches.ts";
import { cacheOperations } from "./cache.ts";
import { commandOperations } from "./commands.ts";
import { executionEvents, executionOperations } from "./executions.ts";
import { instanceEvents, instanceOperations } from "./instances.ts";
import { providerEvents, providerOperations } from "./providers.ts";
import { queueEvents, queueOperations } from "./queues.ts";
import { scheduleEvents, scheduleOperations } from "./schedules.ts";
import { sessionEvents, sessionOperations } from "./sessions.ts";

export const contract = {
  instances: instanceOperations,
  access: accessOperations,
  commands: commandOperations,
  executions: executionOperations,
  queues: queueOperations,
  cache: cacheOperations,
  schedules: scheduleOperations,
  batches: batchOperations,
  sessions: sessionOperations,
  providers: providerOperations,
};
export type Contract = typeof contract;

export const events = {
  ...instanceEvents,
  ...executionEvents,
  ...queueEvents,
  ...scheduleEvents,
  ...batchEvents,
  ...sessionEvents,
  ...providerEvents,
};
export type Events = typeof events;
