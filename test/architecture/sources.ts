/** Reads the repository's source files and what each of them imports, by the parser that the tools themselves use. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

import { type Comment, parseSync } from "oxc-parser";

export interface Import {
  /** As written. */
  specifier: string;
  /** A path in the repository, `node:…`, or `npm:<package>`. */
  target: string;
  /** Erased before the program runs. */
  typeOnly: boolean;
  /** `import()`: loaded when the line is reached, not when the file is. */
  dynamic: boolean;
}

export interface Source {
  /** From the repository's root, with forward slashes. */
  path: string;
  text: string;
  imports: Import[];
  comments: Comment[];
  /** Names of all functions, classes, variables, types, and interfaces declared at any depth. */
  declared: string[];
  /** Identifiers that stand for a value and are declared nowhere in the file. */
  globals: string[];
}

type Node = Record<string, unknown> & { type: string };

const sourceFolders = ["packages", "test", "benchmarks", "scripts", "examples"];
const skipped = new Set(["node_modules", "dist", ".types", "results", "fixtures"]);

export function readSources(root: string): Source[] {
  const resolve = createResolver(root);
  return sourceFolders
    .flatMap((folder) => listFiles(root, folder))
    .map((path) => parseSource(path, readFileSync(join(root, path), "utf8"), resolve));
}

export function parseSource(path: string, text: string, resolve: (specifier: string, from: string) => string): Source {
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`);
  const imports: Omit<Import, "target">[] = [];
  const declared = new Set<string>();
  const used = new Set<string>();
  walk(program as unknown as Node, undefined, "", (node, parent, key) => {
    const specifier = specifierOf(node);
    if (specifier !== undefined) {
      const typeOnly = node.type === "TSImportType" || node.importKind === "type" || node.exportKind === "type";
      imports.push({ specifier, typeOnly, dynamic: node.type === "ImportExpression" });
    }
    if (node.type !== "Identifier") return;
    if (isDeclaration(parent, key)) declared.add(node.name as string);
    else if (!isMemberName(parent, key)) used.add(node.name as string);
  });
  return {
    path,
    text,
    comments,
    imports: imports.map((one) => ({ ...one, target: resolve(one.specifier, path) })),
    declared: [...declared],
    globals: [...used].filter((name) => !declared.has(name)),
  };
}

/** Turns a specifier into a path, knowing the workspace's packages by their `exports`. */
export function createResolver(root: string): (specifier: string, from: string) => string {
  const packages = new Map<string, { folder: string; exports: Record<string, string | { default: string }> }>();
  for (const folder of readdirSync(join(root, "packages"))) {
    const { name, exports = {} } = JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8")) as {
      name: string;
      exports?: Record<string, string | { default: string }>;
    };
    packages.set(name, { folder: `packages/${folder}`, exports });
  }
  return (specifier, from) => {
    if (specifier.startsWith(".")) return normalize(join(dirname(from), specifier));
    if (specifier.startsWith("node:")) return specifier;
    const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
    const own = packages.get(name);
    if (own === undefined) return `npm:${name}`;
    const entry = `.${specifier.slice(name.length)}`;
    // Of conditional exports the one that every environment can have.
    const fileOf = (name: string) => (typeof own.exports[name] === "object" ? own.exports[name].default : own.exports[name]);
    const file = fileOf(entry) ?? fileOf("./*")?.replace("*", entry.slice(2));
    return file === undefined ? `${own.folder}/(no export ${entry})` : normalize(`${own.folder}/${file}`);
  };
}

function listFiles(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return skipped.has(entry.name) ? [] : listFiles(root, path);
    return /\.(?:ts|tsx|js|mjs)$/.test(entry.name) ? [path] : [];
  });
}

function specifierOf(node: Node): string | undefined {
  if (!["ImportDeclaration", "ExportNamedDeclaration", "ExportAllDeclaration", "ImportExpression", "TSImportType"].includes(node.type))
    return undefined;
  const { value } = (node.source ?? {}) as { value?: unknown };
  return typeof value === "string" ? value : undefined;
}

function isDeclaration(parent: Node | undefined, key: string): boolean {
  if (parent === undefined) return false;
  if (key === "id" || key === "local" || key === "param") return true;
  if (key === "params" || key === "elements" || key === "argument") return /Function|Pattern|RestElement/.test(parent.type);
  if (key === "value" && parent.type === "Property") return parent.inPattern === true;
  return key === "left" && parent.type === "AssignmentPattern";
}

function isMemberName(parent: Node | undefined, key: string): boolean {
  if (parent === undefined || parent.computed === true) return false;
  return (
    (key === "property" && parent.type === "MemberExpression") ||
    key === "key" ||
    key === "imported" ||
    key === "exported" ||
    parent.type.startsWith("TS")
  );
}

function walk(node: Node, parent: Node | undefined, key: string, visit: (node: Node, parent: Node | undefined, key: string) => void): void {
  visit(node, parent, key);
  const isPattern = node.type === "ObjectPattern";
  for (const [name, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child !== "object" || child === null || typeof (child as Node).type !== "string") continue;
      walk(isPattern ? { ...(child as Node), inPattern: true } : (child as Node), node, name, visit);
    }
  }
}
