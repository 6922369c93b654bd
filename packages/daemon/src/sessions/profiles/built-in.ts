/** The profiles that need no configuration. */
import { claude } from "./claude.ts";
import { codex } from "./codex.ts";
import { cursor } from "./cursor.ts";
import type { ProfileDefinition } from "./definition.ts";
import { gemini } from "./gemini.ts";
import { shellProfile } from "./shell.ts";

export function builtInProfiles(shell: string): ProfileDefinition[] {
  return [claude, codex, gemini, cursor, shellProfile(shell)];
}
