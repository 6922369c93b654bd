/** The cache of results: what commands that ask for it have returned, kept to answer the same request again. */
import { z } from "zod";

import { operation, room } from "./operation.ts";
import { Name } from "./primitives.ts";

export const CacheStatus = z.object({
  /** False when `commands.cache` is. */
  enabled: z.boolean(),
  entries: z.int(),
  bytes: z.int(),
  maxBytes: z.int(),
  /** Since the daemon's start; a request that joined a running execution is a hit. */
  hits: z.int(),
  misses: z.int(),
});
export type CacheStatus = z.infer<typeof CacheStatus>;

export const cacheOperations = room("cache", {
  status: operation({
    method: "GET",
    path: "/cache",
    permission: "instances.read",
    summary: "Show how much the result cache holds and how often it answered",
    input: z.object({}),
    output: CacheStatus,
  }),
  clear: operation({
    method: "DELETE",
    path: "/cache",
    permission: "executions.runFree",
    summary: "Drop the cached results of all commands, or of one",
    input: z.object({ command: Name.optional() }),
    output: z.object({ cleared: z.int() }),
    idempotent: true,
  }),
});
