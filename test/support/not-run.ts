/** Tests that need a program which may be absent say "not run: <why>" instead of passing or failing. */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

import type { TestContext } from "vitest";

export interface Requirement {
  /** Completes the sentence "not run: …". */
  absence: string;
  /** Where it is, or undefined when it is not there. Looked up once. */
  find(): string | undefined;
  /** Look again: it may have been installed. */
  forget(): void;
}

function requirement(absence: string, look: () => string | undefined): Requirement {
  let found: { path: string | undefined } | undefined;
  return { absence, find: () => (found ??= { path: look() }).path, forget: () => void (found = undefined) };
}

/** An executable on PATH, or in the folders where Debian puts them if PATH is short. Never one of this repository's node_modules. */
function onPath(...names: string[]): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/bin", "/usr/bin", "/bin"];
  const files = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return files.find((file) => !file.includes("node_modules") && isExecutable(file));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function succeeds(file: string, args: string[]): boolean {
  try {
    execFileSync(file, args, { stdio: "ignore", timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

export const chromium = requirement("Chromium is not installed", () => {
  const named = process.env.GANTRY_TEST_CHROMIUM;
  return named !== undefined && existsSync(named) ? named : onPath("chromium", "chromium-browser", "google-chrome");
});

/** The interpreter that has the library: a second Python earlier on PATH (pyenv, a virtual environment) often has not. */
export const pythonSocketIo = requirement("Python's socketio module (python3-socketio) is not installed", () =>
  [onPath("python3"), "/usr/bin/python3"].find((file) => file !== undefined && succeeds(file, ["-c", "import socketio, websocket"])),
);

export const vim = requirement("vim is not installed", () => onPath("vim", "vi"));
export const tmux = requirement("tmux is not installed", () => onPath("tmux"));

/** A Node that is too old for Gantry, for the test of the sentence that it must print. */
export const oldNode = requirement("there is no Node older than 24.12 on this machine", () => {
  const file = onPath("node");
  const tooOld = "const [a, b] = process.versions.node.split('.').map(Number); process.exit(a < 24 || (a === 24 && b < 12) ? 0 : 1)";
  return file !== undefined && succeeds(file, ["-e", tooOld]) ? file : undefined;
});

/** The place of what is needed; when it is not there, the test is skipped here and its report says why. */
export function need(context: TestContext, wanted: Requirement): string {
  const path = wanted.find();
  if (path === undefined) context.skip(`not run: ${wanted.absence}`);
  return path;
}
