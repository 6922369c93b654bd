/** Part of the composition root: joins the rooms `commands` and `executions` with workers, process host, and database. */

import { commandOperations, type Configuration, type executionEvents, executionOperations } from "@gantry/contract";

import { createCommandHandlers } from "./commands/handlers.ts";
import { checkInput } from "./commands/check-input.ts";
import type { Definition } from "./commands/definition.ts";
import { expandArgv } from "./commands/program.ts";
import { createCommandsService } from "./commands/service.ts";
import type { LoadedConfig } from "./config.ts";
import { entryFile } from "./core/entry-points.ts";
import type { Clock } from "./core/clock.ts";
import type { Publish } from "./core/event-bus.ts";
import { bind, type BoundOperation } from "./core/handlers.ts";
import type { Logger } from "./core/logger.ts";
import { commandEnvironment } from "./executions/environment.ts";
import { createExecutionHandlers } from "./executions/handlers.ts";
import { createProgramEngine, type ProgramHost } from "./executions/program-engine.ts";
import { recoverExecutions } from "./executions/recovery.ts";
import { createExecutionsService, type ExecutionsService, type RunnableCommand } from "./executions/service.ts";
import { createExecutionStore } from "./executions/store.ts";
import { createWorkerPool } from "./executions/worker-pool.ts";
import type { Database } from "./storage/database.ts";

interface ExecutionRooms {
  operations: BoundOperation[];
  executions: ExecutionsService;
  /** After `executions.close`. */
  close(): Promise<void>;
}

interface ExecutionRoomsOptions {
  loaded: LoadedConfig;
  db: Database;
  host: ProgramHost;
  outputsDirectory: string;
  publish: Publish<typeof executionEvents>;
  clock: Clock;
  logger: Logger;
}

export async function composeExecutions(options: ExecutionRoomsOptions): Promise<ExecutionRooms> {
  const { loaded, db, host, outputsDirectory, publish, clock, logger } = options;
  const { config, configFile, baseDirectory } = loaded;
  const environment = commandEnvironment(process.env, config.instance);
  const pool = createWorkerPool({
    entry: entryFile("command-worker"),
    cwd: baseDirectory,
    env: environment,
    maxWorkers: config.commands.workers === 0 ? config.commands.maxConcurrent : config.commands.workers,
    logger,
    onFree: () => executions.pump(),
    longestWaitMs: () => executions.longestWaitMs("function"),
  });
  const commands = createCommandsService({
    config,
    configFile,
    baseDirectory,
    describeModules: (files) => pool.describe(files),
    onCodeChanged: () => pool.renew(),
    logger,
  });
  const store = createExecutionStore(db);
  const programs = createProgramEngine(host);
  const executions: ExecutionsService = createExecutionsService({
    store,
    findCommand: async (name) => toRunnable(await commands.find(name), config, baseDirectory),
    pool,
    programs,
    programEnvironment: environment,
    outputsDirectory,
    maxConcurrent: config.commands.maxConcurrent,
    maxQueued: config.commands.maxQueued,
    publish,
    clock,
    logger,
  });
  await recoverExecutions({ store, service: executions, host, outputsDirectory, clock, logger });
  // Warms the first worker; whoever asks for a command meanwhile waits for the same loading.
  commands.list().catch((error: unknown) => logger.error({ err: error }, "loading the command modules failed"));
  return {
    operations: [
      ...bind(commandOperations, createCommandHandlers(commands, config.commands.timeoutMs)),
      ...bind(executionOperations, createExecutionHandlers(executions, outputsDirectory)),
    ],
    executions,
    async close() {
      programs.close();
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
    cwd: (target.kind === "program" ? target.cwd : undefined) ?? baseDirectory,
    checkInput: (given) => checkInput(definition, given),
    target: (input) =>
      target.kind === "function" ? target : { kind: "program", argv: expandArgv(target.argvTemplate, input), env: target.env },
  };
}
