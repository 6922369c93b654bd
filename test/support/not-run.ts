/** Tests that need a program which may be absent say "not run: <why>" instead of passing or failing. */
import { execFileSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, rmdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
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
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin"];
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
export const zsh = requirement("zsh is not installed", () => onPath("zsh"));
export const fish = requirement("fish is not installed", () => onPath("fish"));
export const less = requirement("less is not installed", () => onPath("less"));
export const htop = requirement("htop is not installed", () => onPath("htop"));
export const tmux = requirement("tmux is not installed", () => onPath("tmux"));

/** Where numbers of processes can be given away again at will, without the machine's other processes coming between. */
export const pidNamespaces = requirement("pid namespaces cannot be made here (they need root and unshare)", () => {
  const file = onPath("unshare");
  const trial = ["--pid", "--fork", "--mount-proc", "sh", "-c", "echo 1 > /proc/sys/kernel/ns_last_pid"];
  return file !== undefined && succeeds(file, trial) ? file : undefined;
});

/** `mount`, where a small file system can be put in a folder. */
export const smallDisks = requirement("file systems cannot be mounted here (that needs root)", () => {
  const file = onPath("mount");
  const folder = mkdtempSync(join(tmpdir(), "gantry-mount-"));
  try {
    if (file === undefined || !succeeds(file, ["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder])) return undefined;
    return succeeds("umount", [folder]) ? file : undefined;
  } finally {
    rmdirSync(folder);
  }
});

/** A folder in which temporary ones can be made that only root can write, all the way up. */
export const rootOnlyFolder = requirement("there is no folder here that only root can write (that needs root)", () =>
  process.getuid?.() === 0 ? ["/run", "/var/lib"].find((folder) => (statSync(folder).mode & 0o022) === 0) : undefined,
);
export const natsServer = requirement("nats-server is not installed", () => onPath("nats-server"));
export const redisServer = requirement("redis-server is not installed", () => onPath("redis-server"));

export const python3 = requirement("Python 3 is not installed", () => onPath("python3"));
export const systemdNotify = requirement("systemd-notify is not installed", () => onPath("systemd-notify"));

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
