/** The registry of commands: what can be run now, kept true to the files it comes from. */
import { CommandCache, CommandPolicy, type CommandProblem, type Configuration, defaultQueue, GantryError, Name } from "@gantry/contract";

import type { Logger } from "../core/logger.ts";
import { nearest } from "../core/nearest.ts";
import { compileInput } from "./check-input.ts";
import type { Definition } from "./definition.ts";
import { createFileChanges } from "./file-changes.ts";
import { changedSince, contentVersion, findModules, type Stamps, stampsOf } from "./modules.ts";
import { programDefinition } from "./program.ts";

/** What a worker tells of a module that it has loaded. */
export interface ModuleReport {
  file: string;
  commands: {
    name: string;
    summary: string;
    positionals: string[];
    timeoutMs: number | undefined;
    /** As the module says; not checked. */
    policy?: unknown;
    inputSchema: Record<string, unknown>;
    /** As the module says it: not checked yet. */
    cache?: unknown;
  }[];
  /** The files it is made of, itself included. */
  files: string[];
  problem: string | undefined;
}

export interface CommandsServiceOptions {
  /** May change at any time; then call `reconfigure`. */
  config: Pick<Configuration, "command" | "queue"> & { commands: Pick<Configuration["commands"], "modules"> };
  configFile(): string | undefined;
  /** What relative paths of the configuration are relative to. */
  baseDirectory: string;
  /** Loads modules in a worker, never in this process. */
  describeModules(files: string[]): Promise<ModuleReport[]>;
  /** Called when loaded code is out of date, before the changed modules are described. */
  onCodeChanged(): void;
  logger: Logger;
}

export interface CommandsService {
  /** Throws notFound with suggestions. A changed or new module is loaded first. */
  find(name: string): Promise<Definition>;
  /** Sorted by name. */
  list(): Promise<Definition[]>;
  /** Takes up what the configuration says now, and resolves when its modules are loaded. */
  reconfigure(): Promise<void>;
  readonly problems: readonly CommandProblem[];
  close(): void;
}

interface Module {
  stamps: Stamps;
  /** Of the file changes when the stamps were last found to be true. */
  generation: number | undefined;
  definitions: Definition[];
  problem: string | undefined;
}

export function createCommandsService(options: CommandsServiceOptions): CommandsService {
  const { config, baseDirectory, describeModules, onCodeChanged, logger } = options;
  const modules = new Map<string, Module>();
  let programs: Definition[] = [];
  let configProblems: CommandProblem[] = [];
  let commands = new Map<string, { definition: Definition; module: Module | undefined }>();
  let problems: CommandProblem[] = [];
  const changes = createFileChanges();
  let refreshing: Promise<void> | undefined;
  let refreshingNext: Promise<void> | undefined;

  let queues: string[] = [];
  const readConfiguration = () => {
    queues = [defaultQueue, ...Object.keys(config.queue)];
    programs = [];
    configProblems = [];
    const source = options.configFile() ?? "configuration";
    for (const [name, program] of Object.entries(config.command)) {
      try {
        const definition = programDefinition(name, program, source, baseDirectory);
        compileInput(definition);
        programs.push(definition);
      } catch (error) {
        configProblems.push({ source, message: `[command.${name}]: ${(error as Error).message}` });
      }
    }
  };
  readConfiguration();

  const index = () => {
    commands = new Map(programs.map((definition) => [definition.name, { definition, module: undefined }]));
    problems = [...configProblems];
    for (const [file, module] of modules) {
      if (module.problem !== undefined) problems.push({ source: file, message: module.problem });
      for (const definition of module.definitions) {
        const first = commands.get(definition.name);
        if (first === undefined) commands.set(definition.name, { definition, module });
        else
          problems.push({
            source: file,
            message: `${definition.name} is already defined in ${first.definition.source}; this one is left out`,
          });
      }
    }
  };

  const load = async () => {
    const files = await findModules(config.commands.modules, baseDirectory);
    const gone = [...modules.keys()].filter((file) => !files.includes(file));
    const changed = files.filter((file) => {
      const known = modules.get(file);
      return known === undefined || changedSince(known.stamps);
    });
    if (gone.length === 0 && changed.length === 0) return index();
    if (changed.some((file) => modules.has(file))) onCodeChanged();
    for (const file of gone) modules.delete(file);
    // Taken before loading: a file that is saved while it loads must count as changed afterwards.
    const before = stampsOf([...changed, ...changed.flatMap((file) => [...(modules.get(file)?.stamps.keys() ?? [])])]);
    for (const report of await describeModules(changed)) {
      const stamps = new Map([...stampsOf(report.files), ...[...before].filter(([file]) => report.files.includes(file))]);
      const version = report.commands.some(({ cache }) => cache !== undefined) ? await contentVersion(report.files) : "";
      modules.set(report.file, { stamps, generation: undefined, ...accept(report, queues, version) });
      if (report.problem !== undefined)
        logger.warn({ module: report.file, problem: report.problem }, "a command module was not loaded whole");
    }
    changes.cover([...modules.values()].flatMap(({ stamps }) => [...stamps.keys()]));
    index();
  };

  /** Concurrent callers share a run, but only one that begins after they asked: an earlier one may have missed what they saw change. */
  const refresh = (): Promise<void> => {
    if (refreshing === undefined) return (refreshing = load().finally(() => (refreshing = undefined)));
    return (refreshingNext ??= refreshing
      .catch(() => undefined)
      .then(() => {
        refreshingNext = undefined;
        return refresh();
      }));
  };
  const isCurrent = async (name: string) => {
    if (commands.get(name)?.module === undefined) return commands.has(name);
    const generation = await changes.generation();
    // Read again: it may have been loaded anew meanwhile.
    const module = commands.get(name)?.module;
    if (module === undefined) return commands.has(name);
    if (generation !== undefined && generation === module.generation) return true;
    if (changedSince(module.stamps)) return false;
    module.generation = generation;
    return true;
  };

  return {
    async find(name) {
      let current = await isCurrent(name);
      if (!current && refreshing !== undefined) {
        await refreshing;
        current = await isCurrent(name);
      }
      if (!current) await refresh();
      const found = commands.get(name);
      if (found !== undefined) return found.definition;
      throw notFound(name, [...commands.keys()], problems);
    },
    async list() {
      await refresh();
      return [...commands.values()].map(({ definition }) => definition).sort((one, other) => (one.name < other.name ? -1 : 1));
    },
    async reconfigure() {
      const before = queues.join();
      readConfiguration();
      // Which queues there are decides whether a module's commands are right.
      if (queues.join() !== before) modules.clear();
      index();
      await refresh();
    },
    get problems() {
      return problems;
    },
    close: () => changes.close(),
  };
}

function accept(report: ModuleReport, queues: readonly string[], version: string): Pick<Module, "definitions" | "problem"> {
  const definitions: Definition[] = [];
  const problems = report.problem === undefined ? [] : [report.problem];
  for (const { name, summary, positionals, timeoutMs, policy, inputSchema, cache } of report.commands) {
    const checked = CommandPolicy.safeParse(policy ?? {});
    const kept = CommandCache.optional().safeParse(cache);
    const definition: Definition = {
      name,
      kind: "function",
      summary,
      source: report.file,
      inputSchema,
      positionals,
      timeoutMs,
      policy: checked.data ?? CommandPolicy.parse({}),
      cache: kept.data === undefined ? undefined : { ...kept.data, version },
      target: { kind: "function", file: report.file },
    };
    try {
      const allowed = Name.safeParse(name);
      if (!allowed.success) throw new Error(`the name ${JSON.stringify(name)} ${allowed.error.issues[0]?.message}`);
      const issue = checked.error?.issues[0];
      if (issue !== undefined) throw new Error(`${issue.path.join(".")}: ${issue.message}`);
      const { queue } = definition.policy;
      if (queue !== undefined && !queues.includes(queue))
        throw new Error(
          `queue: there is no queue ${queue}; add [queue.${queue}] to the configuration, or use one of: ${queues.join(", ")}`,
        );
      if (!kept.success) throw new Error(`cache.${kept.error.issues[0]?.path.join(".")}: ${kept.error.issues[0]?.message}`);
      compileInput(definition);
      definitions.push(definition);
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}`);
    }
  }
  return { definitions, problem: problems.length === 0 ? undefined : problems.join("; ") };
}

function notFound(name: string, names: string[], problems: readonly CommandProblem[]): GantryError {
  const suggestions = nearest(name, names);
  const hint = suggestions.length > 0 ? `Did you mean ${suggestions.join(" or ")}?` : "See what there is with: gantry commands list.";
  const broken = problems.length > 0 ? ` Could not be loaded: ${problems.map(({ source }) => source).join(", ")}.` : "";
  return new GantryError("notFound", `There is no command ${name}. ${hint}${broken} Nothing was run.`, { details: { suggestions } });
}
