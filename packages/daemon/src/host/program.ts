/** Finds the program and checks the folder before a child is made, because a fork can only report failure as an exit code. */
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, resolve } from "node:path";

import { GantryError } from "@gantry/contract/errors";

/** Resolves argv[0] to an executable file as execvp(3) would, with the child's own PATH and folder. */
export async function findProgram(name: string, cwd: string, path: string | undefined): Promise<string> {
  await checkFolder(cwd);
  if (name === "") throw new GantryError("invalidArgument", "The program's name is empty. Nothing was started.");
  if (name.includes("\0") || cwd.includes("\0"))
    throw new GantryError("invalidArgument", "A NUL character is in the program's name or folder.");
  if (name.includes("/")) {
    const file = isAbsolute(name) ? name : resolve(cwd, name);
    const verdict = await judge(file);
    if (verdict === "executable") return file;
    throw verdict === "missing" ? notFound(name, `There is no file ${file}.`) : cannotExecute(file, verdict);
  }
  let refused: { file: string; verdict: string } | undefined;
  for (const folder of (path ?? "/usr/local/bin:/usr/bin:/bin").split(delimiter)) {
    const file = join(isAbsolute(folder) ? folder : resolve(cwd, folder), name);
    const verdict = await judge(file);
    if (verdict === "executable") return file;
    if (verdict !== "missing") refused ??= { file, verdict };
  }
  throw refused === undefined ? notFound(name, `No folder on the PATH holds ${name}.`) : cannotExecute(refused.file, refused.verdict);
}

async function checkFolder(cwd: string): Promise<void> {
  const facts = await stat(cwd).catch(() => undefined);
  const problem = facts === undefined ? "does not exist" : facts.isDirectory() ? undefined : "is not a folder";
  if (problem === undefined) {
    await access(cwd, constants.X_OK).catch((cause: unknown) => {
      throw new GantryError("invalidArgument", `The working folder ${cwd} cannot be entered. Nothing was started.`, {
        cause,
        details: { field: "cwd" },
      });
    });
    return;
  }
  throw new GantryError("invalidArgument", `The working folder ${cwd} ${problem}. Nothing was started.`, { details: { field: "cwd" } });
}

async function judge(file: string): Promise<"executable" | "missing" | "is a folder" | "is not executable"> {
  const facts = await stat(file).catch(() => undefined);
  if (facts === undefined) return "missing";
  if (facts.isDirectory()) return "is a folder";
  return access(file, constants.X_OK).then(
    () => "executable" as const,
    () => "is not executable" as const,
  );
}

function notFound(name: string, why: string): GantryError {
  return new GantryError("programNotFound", `Program not found: ${name}. ${why} Check the name and the PATH. Nothing was started.`, {
    details: { program: name },
  });
}

function cannotExecute(file: string, why: string): GantryError {
  return new GantryError("cannotExecute", `${file} ${why}. Nothing was started.`, { details: { program: file } });
}
