/** Imports command modules, remembers which files each of them is made of, and finds the definitions that it exports. */
import { existsSync, realpathSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

import { toExecutionError } from "./to-execution-error.ts";
import type { DescribedCommand, ModuleReport } from "./messages.ts";

/** What defineCommand of @gantry/client/command makes; recognised by its brand, so that neither side must have the other's code. */
export interface Definition {
  "gantry.command": 1;
  name: string;
  summary: string;
  positionals: string[];
  timeoutMs: number | undefined;
  policy?: unknown;
  cache?: unknown;
  inputSchema(): Record<string, unknown>;
  parse(input: unknown): unknown;
  run(input: unknown, context: unknown): unknown;
  /** Loads what the command imports late, once in the life of a worker. */
  warm?(): unknown;
}

function isDefinition(value: unknown): value is Definition {
  return typeof value === "object" && value !== null && (value as Partial<Definition>)["gantry.command"] === 1;
}

/** Things with a shape of their own (wrapped functions, decorated classes, programs) carry their definitions under this symbol. */
const carried = Symbol.for("gantry.command");

function definitionsOf(value: unknown): Definition[] {
  if (isDefinition(value)) return [value];
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return [];
  return [(value as { [carried]?: unknown })[carried]].flat().filter(isDefinition);
}

const importedBy = new Map<string, Set<string>>();

/** Must be called before the first module is imported. */
export function watchImports(): void {
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      if (context.parentURL !== undefined && isOwnFile(resolved.url)) {
        const children = importedBy.get(context.parentURL) ?? new Set();
        importedBy.set(context.parentURL, children.add(resolved.url));
      }
      return resolved;
    },
  });
}

// Packages do not change while somebody works on a command, and there are thousands of files in them.
function isOwnFile(url: string): boolean {
  return url.startsWith("file:") && !url.includes("/node_modules/");
}

function filesOf(file: string): string[] {
  const seen = new Set<string>();
  const visit = (url: string) => {
    if (seen.has(url)) return;
    seen.add(url);
    for (const child of importedBy.get(url) ?? []) visit(child);
  };
  visit(pathToFileURL(file).href);
  // Imports are noted for the file itself, not for a link to it.
  if (existsSync(file)) visit(pathToFileURL(realpathSync(file)).href);
  return [...seen].map((url) => fileURLToPath(url.split("?")[0] as string));
}

const loaded = new Map<string, Map<string, Definition>>();

/** The commands of a module by name; imported once in the life of a worker. */
export async function loadModule(file: string): Promise<Map<string, Definition>> {
  const known = loaded.get(file);
  if (known !== undefined) return known;
  const namespace = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  const found = new Map<string, Definition>();
  for (const value of Object.values(namespace).flat()) {
    for (const definition of definitionsOf(value)) found.set(definition.name, definition);
  }
  for (const definition of found.values()) await definition.warm?.();
  loaded.set(file, found);
  return found;
}

/** Never throws: a module that fails to load is reported by name, and the others are described all the same. */
export async function describeModule(file: string): Promise<ModuleReport> {
  try {
    const definitions = await loadModule(file);
    const commands: DescribedCommand[] = [];
    const problems: string[] = [];
    if (definitions.size === 0) problems.push("exports no command: export default defineCommand({ … }) from @gantry/client/command");
    for (const definition of definitions.values()) {
      try {
        const { name, summary, timeoutMs, policy, cache } = definition;
        commands.push({
          name,
          summary,
          timeoutMs,
          policy,
          cache,
          positionals: [...definition.positionals],
          inputSchema: definition.inputSchema(),
        });
      } catch (error) {
        problems.push(`the input of ${definition.name} cannot be described: ${toExecutionError(error).message}`);
      }
    }
    return { file, commands, files: filesOf(file), problem: problems.length === 0 ? undefined : problems.join("; ") };
  } catch (error) {
    const { name, message } = toExecutionError(error);
    return { file, commands: [], files: filesOf(file), problem: `${name}: ${message}` };
  }
}
