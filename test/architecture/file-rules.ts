/** What every source file must look like: its head, size, name, and words. */
import type { Source } from "./sources.ts";

const longestFileLines = 400;

/** Names that say nothing about what a thing does. */
const emptyNames = /(?:Manager|Helpers?|Utils?|Utilities)$/;
const emptyFileNames = /(?:^|[-/])(?:manager|helpers?|utils?|utilities|common|misc)(?:[-./]|$)/;
const kebabCase = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|bench|d|config))?\.(?:ts|tsx|js|mjs)$/;
/** Written with a gap, so that this file does not hold what it forbids. */
const unfinished = new RegExp(`\\b(?:${["TO_DO", "FIX_ME", "X_XX", "HA_CK"].join("|").replaceAll("_", "")})\\b`);

export function checkFile(source: Source): string[] {
  const { path } = source;
  const name = path.split("/").at(-1) as string;
  const complaints: string[] = [];
  const head = headOf(source);
  if (!path.includes(".test.") && (head === undefined || !/[.!?:](?:\s|$)/.test(head))) {
    complaints.push(`${path} does not begin with a sentence that says what the file is for`);
  }
  const lines = source.text.split("\n").length - 1;
  if (lines > longestFileLines && !/long because/i.test(head ?? "")) {
    complaints.push(`${path} has ${lines} lines: split it, or justify it in its head with "Long because …"`);
  }
  if (!kebabCase.test(name)) complaints.push(`${path} is not named in kebab-case`);
  if (emptyFileNames.test(path)) complaints.push(`${path} has a name that says nothing: name what it does`);
  for (const declared of source.declared) {
    if (emptyNames.test(declared)) complaints.push(`${path} declares ${declared}, a name that says nothing: name what it does`);
  }
  for (const { value } of source.comments) {
    if (unfinished.test(value)) complaints.push(`${path} has an unfinished remark: ${value.trim().split("\n")[0]}`);
  }
  return complaints;
}

/** The comment that opens the file, before any code; a `#!` line may stand before it. */
function headOf({ text, comments }: Source): string | undefined {
  const first = comments.find(({ start }) => !text.startsWith("#!", start));
  if (
    first === undefined ||
    text
      .slice(0, first.start)
      .replace(/^#!.*\n/, "")
      .trim() !== ""
  )
    return undefined;
  return first.value.replaceAll(/^[\s*]+|[\s*]+$/g, "");
}

/** The contract runs where neither of these exists. */
const hostGlobals = new Set([
  "Buffer",
  "process",
  "require",
  "__dirname",
  "__filename",
  "global",
  "window",
  "document",
  "localStorage",
  "location",
  "navigator",
]);

export function checkContractGlobals({ path, globals }: Source): string[] {
  return globals
    .filter((name) => hostGlobals.has(name))
    .map((name) => `${path} uses ${name}: the contract must run in a browser and in Node alike`);
}
