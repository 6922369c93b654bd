/** Finds the line of a TOML file on which a key is set, for messages about it. */
import { parse } from "smol-toml";

/**
 * Counted from 1; of the nearest table around it when the key itself is missing; undefined when nothing of it is there. The parser itself
 * tells what the file holds up to a line, so that no form of TOML can be misread here.
 */
export function lineOf(text: string, path: readonly string[]): number | undefined {
  const lines = text.split("\n");
  /** What so many lines hold, and as many more as a value needs that goes over several. */
  const firstLines = (count: number): unknown => {
    for (let end = count; end <= lines.length; end += 1) {
      const tree = parsed(`${lines.slice(0, end).join("\n")}\n`);
      if (tree !== undefined) return tree;
    }
    return undefined;
  };
  const all = parsed(text);
  let depth = path.length;
  while (depth > 0 && !isThere(all, path.slice(0, depth))) depth -= 1;
  if (depth === 0) return undefined;
  let without = 0;
  let having = lines.length;
  while (having - without > 1) {
    const middle = (without + having) >> 1;
    if (isThere(firstLines(middle), path.slice(0, depth))) having = middle;
    else without = middle;
  }
  return having;
}

function parsed(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function isThere(tree: unknown, path: readonly string[]): boolean {
  let value = tree;
  for (const part of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, part)) return false;
    value = (value as Record<string, unknown>)[part];
  }
  return true;
}
