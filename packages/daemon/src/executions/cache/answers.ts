/** Decides whether a request may be answered from the cache, and what its result depends on. */
import type { CacheStatus } from "@gantry/contract";

import type { CheckedRequest } from "../acceptance.ts";
import type { LiveExecution } from "../live-execution.ts";
import type { createKeyMaker } from "./key.ts";
import type { Answer, ResultCache } from "./result-cache.ts";

export interface AnswersOptions {
  cache: ResultCache<LiveExecution>;
  /** False while the configuration switches it off. */
  enabled(): boolean;
  keyOf: ReturnType<typeof createKeyMaker>;
  /** What every command inherits. */
  environment: Readonly<Record<string, string>>;
}

export interface Answers {
  answer(checked: CheckedRequest, begin: () => Promise<LiveExecution>): Promise<Answer<LiveExecution>>;
  clear(command: string | undefined): Promise<number>;
  status(): Promise<CacheStatus>;
  trim(): Promise<void>;
  close(): Promise<void>;
}

export function createAnswers({ cache, enabled, keyOf, environment }: AnswersOptions): Answers {
  const keyOfRequest = ({ request, command, input }: CheckedRequest, declared: NonNullable<CheckedRequest["command"]["cache"]>) => {
    const target = command.target(input);
    const inherited = target.kind === "program" ? { ...environment, ...target.env } : environment;
    const env = { ...Object.fromEntries(declared.env.map((name) => [name, inherited[name] ?? null])), ...request.env };
    const { version, files } = declared;
    return keyOf({ command: command.name, version, input, cwd: request.cwd ?? command.cwd, env, files });
  };

  return {
    async answer(checked, begin) {
      const { request, command } = checked;
      // Whoever names a request wants an execution of its own, to find it again under that name; whoever delays it wants what is true then.
      if (
        !enabled() ||
        command.cache === undefined ||
        request.cache === "bypass" ||
        request.idempotencyKey !== undefined ||
        (request.delayMs ?? 0) > 0
      )
        return { kind: "run", run: await begin(), joined: false };
      const declared = command.cache;
      const { ttlMs } = declared;
      return cache.answer({ command: command.name, mode: request.cache, ttlMs, key: () => keyOfRequest(checked, declared) }, begin);
    },
    clear: async (command) => (enabled() ? cache.clear(command) : 0),
    status: async () =>
      enabled() ? { enabled: true, ...(await cache.status()) } : { enabled: false, entries: 0, bytes: 0, maxBytes: 0, hits: 0, misses: 0 },
    trim: () => cache.trim(),
    close: () => cache.close(),
  };
}
