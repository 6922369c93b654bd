/** Part of the composition root: joins the rooms `commands` and `executions` with workers, process host, and database. */

import {
  cacheOperations,
  commandOperations,
  type Configuration,
  type ConfigurationProblem,
  defaultQueue,
  type executionEvents,
  executionOperations,
  type queueEvents,
  queueOperations,
} from "@gantry/contract";

import { createCommandHandlers } from "./commands/handlers.ts";
import { checkInput, concealInput } from "./commands/check-input.ts";
import type { Definition } from "./commands/definition.ts";
import { expandArgv, expandEnvironment } from "./commands/program.ts";
import { createCommandsService } from "./commands/service.ts";
import type { TakeUp } from "./compose-reload.ts";
import type { LoadedConfig } from "./config.ts";
import { entryFile } from "./core/entry-points.ts";
import type { Clock } from "./core/clock.ts";
import type { Publish } from "./core/event-bus.ts";
import { bind, type BoundOperation } from "./core/handlers.ts";
import type { Sealing } from "./core/sealing.ts";
import type { Logger } from "./core/logger.ts";
import { createAtRest } from "./executions/at-rest.ts";
import { createAnswers } from "./executions/cache/answers.ts";
import { createKeyMaker } from "./executions/cache/key.ts";
import { createResultCache } from "./executions/cache/result-cache.ts";
import { snapshotOf } from "./executions/cache/snapshot.ts";
import { createCacheStore } from "./executions/cache/store.ts";
import { commandEnvironment } from "./executions/environment.ts";
import { createRetention } from "./executions/history/retention.ts";
import { createHistoryStore } from "./executions/history/store.ts";
import { createCacheHandlers, createExecutionHandlers, createQueueHandlers } from "./executions/handlers.ts";
import { createProgramEngine, type ProgramHost } from "./executions/program-engine.ts";
import { fillQueues } from "./executions/queues.ts";
import type { QueueLimits } from "./executions/limits.ts";
import { recoverExecutions } from "./executions/recovery.ts";
import type { RunnableCommand } from "./executions/runnable-command.ts";
import { createExecutionsService, type ExecutionsService } from "./executions/service.ts";
import { createExecutionStore } from "./executions/store.ts";
import { createWorkerPool } from "./executions/worker-pool.ts";
import type { Database } from "./storage/database.ts";

interface ExecutionRooms {
  operations: BoundOperation[];
  executions: ExecutionsService;
  /** When batches and schedules have taken up what an earlier daemon left, and know how their executions ended. */
  startRetention(): void;
  takeUp: TakeUp;
  /** After `executions.close`. */
  close(): Promise<void>;
}

interface ExecutionRoomsOptions {
  loaded: LoadedConfig;
  db: Database;
  host: ProgramHost;
  sealing: Sealing;
  outputsDirectory: string;
  /** Pauses every queue before anything is taken up. */
  startPaused: boolean;
  publish: Publish<typeof executionEvents & typeof queueEvents>;
  clock: Clock;
  logger: Logger;
}

export async function composeExecutions(options: ExecutionRoomsOptions): Promise<ExecutionRooms> {
  const { loaded, db, host, sealing, outputsDirectory, publish, clock, logger } = options;
  const { config, baseDirectory } = loaded;
  const environment = commandEnvironment(process.env, config.instance);
  const pool = createWorkerPool({
    entry: entryFile("command-worker"),
    cwd: baseDirectory,
    env: environment,
    memoryLimitBytes: () => config.commands.workerMemoryMb * 2 ** 20,
    maxWorkers: () => (config.commands.workers === 0 ? config.commands.maxConcurrent : config.commands.workers),
    logger,
    onFree: () => executions.pump(),
    longestWaitMs: () => executions.workerAwaitedMs(),
  });
  const commands = createCommandsService({
    config,
    configFile: () => loaded.configFile,
    baseDirectory,
    describeModules: (files) => pool.describe(files),
    onCodeChanged: () => pool.renew(),
    logger,
  });
  const retention = createRetention({
    store: createHistoryStore(db),
    limits: config.commands.history,
    outputsDirectory,
    onRemoved: (count) => store.removed(count),
    clock,
    logger,
  });
  const store = retention.watch(createExecutionStore(db));
  const programs = createProgramEngine(host);
  const atRest = createAtRest(sealing);
  const queues = new Map<string, QueueLimits>();
  fillQueues(queues, config.queue);
  if (options.startPaused) for (const name of queues.keys()) await store.setPaused(name, clock.now());
  const cache = createResultCache({
    store: createCacheStore(db),
    maxBytes: () => config.commands.cacheMaxBytes,
    snapshot: snapshotOf,
    clock,
    logger,
  });
  const answers = createAnswers({
    cache,
    enabled: () => config.commands.cache,
    keyOf: createKeyMaker((text) => sealing.digest(text)),
    environment,
  });
  // Kept for as long as the definition is: every execution asks for it.
  const runnables = new WeakMap<Definition, RunnableCommand>();
  const runnableOf = (definition: Definition) => {
    let runnable = runnables.get(definition);
    if (runnable === undefined) runnables.set(definition, (runnable = toRunnable(definition, config, baseDirectory)));
    return runnable;
  };
  const executions: ExecutionsService = createExecutionsService({
    store,
    findCommand: async (name) => runnableOf(await commands.find(name)),
    atRest,
    answers,
    pool,
    programs,
    programEnvironment: environment,
    outputsDirectory,
    queues,
    settings: config.commands,
    pausedQueues: await store.pausedQueues(),
    publish,
    clock,
    logger,
  });
  await recoverExecutions({ store, service: executions, atRest, host, queues, outputsDirectory, clock, logger });
  // Warms the first worker; whoever asks for a command meanwhile waits for the same loading.
  commands.list().catch((error: unknown) => logger.error({ err: error }, "loading the command modules failed"));

  let workerMemoryMb = config.commands.workerMemoryMb;
  const takeUp = async (): Promise<ConfigurationProblem[]> => {
    fillQueues(queues, config.queue);
    const moved = executions.queuesChanged();
    await commands.reconfigure();
    for (const { name, policy } of await commands.list()) executions.limitCommand(name, policy.maxConcurrent);
    // A worker is told its limit when it starts.
    if (workerMemoryMb !== config.commands.workerMemoryMb) pool.renew();
    workerMemoryMb = config.commands.workerMemoryMb;
    executions.pump();
    retention.sweep().catch((error: unknown) => logger.error({ err: error }, "old executions could not be removed; trying again later"));
    await answers.trim();
    const lost = [...moved].map(([name, count]) => ({
      source: loaded.configFile ?? "configuration",
      message: `[queue.${name}] is gone: ${count} of its executions wait in the default queue now`,
    }));
    return [...lost, ...commands.problems];
  };
  return {
    takeUp,
    operations: [
      ...bind(commandOperations, createCommandHandlers(commands, config.commands)),
      ...bind(executionOperations, createExecutionHandlers(executions, outputsDirectory)),
      ...bind(queueOperations, createQueueHandlers(executions.queues, config.commands)),
      ...bind(cacheOperations, createCacheHandlers(executions)),
    ],
    executions,
    startRetention: () => retention.start(),
    async close() {
      await retention.close();
      programs.close();
      commands.close();
      await pool.close();
    },
  };
}

function toRunnable(definition: Definition, config: Configuration, baseDirectory: string): RunnableCommand {
  const { name, kind, target } = definition;
  return {
    name,
    kind,
    timeoutMs: definition.timeoutMs ?? config.commands.timeoutMs,
    policy: { ...definition.policy, queue: definition.policy.queue ?? defaultQueue },
    cwd: (target.kind === "program" ? target.cwd : undefined) ?? baseDirectory,
    checkInput: (given) => checkInput(definition, given),
    conceal: (input) => concealInput(definition, input),
    cache: definition.cache,
    target: (input) =>
      target.kind === "function"
        ? target
        : { kind: "program", argv: expandArgv(target.argvTemplate, input), env: expandEnvironment(target.env, input) },
  };
}
