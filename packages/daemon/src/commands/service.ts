/** The registry of commands: what can be run now, kept true to the files it comes from. */
import { type CommandProblem, type Configuration, GantryError, Name } from "@gantry/contract";

import type { Logger } from "../core/logger.ts";
import { nearest } from "../core/nearest.ts";
import { compileInput } from "./check-input.ts";
import type { Definition } from "./definition.ts";
import { changedSince, findModules, type Stamps, stampsOf } from "./modules.ts";
import { programDefinition } from "./program.ts";

/** What a worker tells of a module that it has loaded. */
export interface ModuleReport {
  file: string;
  commands: {
    name: string;
    summary: string;
    positionals: string[];
    timeoutMs: number | undefined;
    inputSchema: Record<string, unknown>;
  }[];
  /** The files it is made of, itself included. */
  files: string[];
  problem: string | undefined;
}

export interface CommandsServiceOptions {
  config: Pick<Configuration, "command" | "commands">;
  configFile: string | undefined;
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
  readonly problems: readonly CommandProblem[];
}

interface Module {
  stamps: Stamps;
  definitions: Definition[];
  problem: string | undefined;
}

export function createCommandsService(options: CommandsServiceOptions): CommandsService {
  const { config, baseDirectory, describeModules, onCodeChanged, logger } = options;
  const modules = new Map<string, Module>();
  const programs: Definition[] = [];
  const configProblems: CommandProblem[] = [];
  let commands = new Map<string, { definition: Definition; module: Module | undefined }>();
  let problems: CommandProblem[] = [];
  let refreshing: Promise<void> | undefined;
  let refreshingNext: Promise<void> | undefined;

  const configSource = options.configFile ?? "configuration";
  for (const [name, program] of Object.entries(config.command)) {
    try {
      const definition = programDefinition(name, program, configSource, baseDirectory);
      compileInput(definition);
      programs.push(definition);
    } catch (error) {
      configProblems.push({ source: configSource, message: `[command.${name}]: ${(error as Error).message}` });
    }
  }

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
      modules.set(report.file, { stamps, ...accept(report) });
      if (report.problem !== undefined)
        logger.warn({ module: report.file, problem: report.problem }, "a command module was not loaded whole");
    }
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
  const isCurrent = (found: ReturnType<typeof commands.get>) =>
    found !== undefined && (found.module === undefined || !changedSince(found.module.stamps));

  return {
    async find(name) {
      let found = commands.get(name);
      if (!isCurrent(found) && refreshing !== undefined) {
        await refreshing;
        found = commands.get(name);
      }
      if (!isCurrent(found)) {
        await refresh();
        found = commands.get(name);
      }
      if (found !== undefined) return found.definition;
      throw notFound(name, [...commands.keys()], problems);
    },
    async list() {
      await refresh();
      return [...commands.values()].map(({ definition }) => definition).sort((one, other) => (one.name < other.name ? -1 : 1));
    },
    get problems() {
      return problems;
    },
  };
}

function accept(report: ModuleReport): Pick<Module, "definitions" | "problem"> {
  const definitions: Definition[] = [];
  const problems = report.problem === undefined ? [] : [report.problem];
  for (const { name, summary, positionals, timeoutMs, inputSchema } of report.commands) {
    const definition: Definition = {
      name,
      kind: "function",
      summary,
      source: report.file,
      inputSchema,
      positionals,
      timeoutMs,
      target: { kind: "function", file: report.file },
    };
    try {
      const allowed = Name.safeParse(name);
      if (!allowed.success) throw new Error(`the name ${JSON.stringify(name)} ${allowed.error.issues[0]?.message}`);
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
  const broken =
    problems.length > 0 ? ` ${problems.length} module(s) or definitions could not be loaded, the first: ${problems[0]?.source}.` : "";
  return new GantryError("notFound", `There is no command ${name}. ${hint}${broken} Nothing was run.`, { details: { suggestions } });
}
