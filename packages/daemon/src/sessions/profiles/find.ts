/** Finds a profile's program, and says where it was looked for when it is not there. */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join } from "node:path";

import type { ProfileDefinition } from "./definition.ts";

export async function findBinary(
  profile: Pick<ProfileDefinition, "binary" | "places">,
  path: string | undefined,
  home: string,
): Promise<string | undefined> {
  for (const file of candidates(profile, path, home)) if (await isProgram(file)) return file;
  return undefined;
}

/** Completes the sentence "… was looked for …". */
export function describeSearch({ binary, places }: Pick<ProfileDefinition, "binary" | "places">, path: string | undefined): string {
  if (binary.includes("/")) return `at ${binary}`;
  const others = places === undefined || places.length === 0 ? "" : `, and at ${places.join(", ")}`;
  return `as ${binary} on the PATH (${path ?? "which is not set"})${others}`;
}

/** True when one of the files is there. Their contents are not read. */
export async function anyExists(files: readonly string[], home: string): Promise<boolean> {
  for (const file of files) if ((await stat(atHome(file, home)).catch(() => undefined))?.isFile() === true) return true;
  return false;
}

function candidates(
  { binary, places = [] }: Pick<ProfileDefinition, "binary" | "places">,
  path: string | undefined,
  home: string,
): string[] {
  if (binary.includes("/")) return [atHome(binary, home)];
  const folders = (path ?? "").split(delimiter).filter((folder) => isAbsolute(folder));
  return [...folders.map((folder) => join(folder, binary)), ...places.map((place) => atHome(place, home))];
}

function atHome(file: string, home: string): string {
  return file.startsWith("~/") ? join(home, file.slice(2)) : file;
}

async function isProgram(file: string): Promise<boolean> {
  const facts = await stat(file).catch(() => undefined);
  if (facts?.isFile() !== true) return false;
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}
