/** The files through which an agent's hooks call back: settings for the agent, and a secret of the session for the hook's program. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { hookNames } from "./hook-signals.ts";
import { createHookSpool, type HookSpool } from "./hook-spool.ts";
import { onlyRootCanWrite } from "./root-only.ts";

export interface HooksOptions {
  /** One folder a session below it, 0700. */
  directory: string;
  controlSocket: string;
  /** The program that a hook runs; see agent-hook.ts. */
  hookFile: string;
  nodeFile: string;
}

export interface HookCall {
  event: string;
  detail?: string | undefined;
  timeMs: number;
}

export interface Hooks {
  /** False where an agent of that kind would warn of the files instead of taking them. */
  fits(kind: keyof typeof hookNames): Promise<boolean>;
  /** What an agent of that kind is started with. */
  arguments(id: string, kind: keyof typeof hookNames): string[];
  environment(id: string, kind: keyof typeof hookNames): Record<string, string>;
  /** Writes the files. */
  install(id: string, kind: keyof typeof hookNames): Promise<void>;
  /** True when the secret is this session's. */
  knows(id: string, secret: string): Promise<boolean>;
  /** Where this session's calls wait that no daemon took. */
  spool(id: string): HookSpool;
  /** Lets the hooks of sessions that are older than this daemon find their program, which an upgrade may have moved. */
  prepare(): Promise<void>;
  remove(id: string): Promise<void>;
  /** Removes what is of no session of these. */
  keepOnly(ids: ReadonlySet<string>): Promise<void>;
}

/** What agents are told to run. It belongs to the instance and not to a version of the program. */
const launcherName = "hook.sh";
/** Longer than any hook should take; an agent waits for its hooks. */
const hookTimeoutSeconds = 10;

export function createHooks({ directory, controlSocket, hookFile, nodeFile }: HooksOptions): Hooks {
  const fileOf = (id: string, name: string): string => join(directory, id, name);
  const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

  const settings = (id: string, kind: keyof typeof hookNames): object => {
    const command = (event: string): string => ["sh", join(directory, launcherName), fileOf(id, "hook.json"), event].map(quote).join(" ");
    const timeout = kind === "claude" ? hookTimeoutSeconds : hookTimeoutSeconds * 1000;
    const entry = (event: string) => [{ hooks: [{ type: "command", name: "gantry", command: command(event), timeout }] }];
    return { hooks: Object.fromEntries(hookNames[kind].map((event) => [event, entry(event)])) };
  };
  const prepare = async (): Promise<void> => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const [node, hook] = [quote(nodeFile), quote(hookFile)];
    const lines = ["# Written by every daemon anew; prints nothing and never fails.", `[ -x ${node} ] && [ -f ${hook} ] || exit 0`];
    const fresh = join(directory, `${launcherName}.new`);
    await writeFile(fresh, `${lines.join("\n")}\nexec ${node} ${hook} "$@"\n`, { mode: 0o600 });
    await rename(fresh, join(directory, launcherName));
  };
  let prepared: Promise<void> | undefined;

  return {
    // Since 0.60 gemini takes a system's settings only from root.
    fits: async (kind) => kind !== "gemini" || onlyRootCanWrite(directory),
    arguments: (id, kind) => (kind === "claude" ? ["--settings", fileOf(id, "settings.json")] : []),
    environment: (id, kind): Record<string, string> =>
      kind === "gemini" ? { GEMINI_CLI_SYSTEM_DEFAULTS_PATH: fileOf(id, "settings.json") } : {},
    prepare: () => (prepared ??= prepare()),
    async install(id, kind) {
      await (prepared ??= prepare());
      await mkdir(join(directory, id), { recursive: true, mode: 0o700 });
      const secret = randomBytes(24).toString("base64url");
      const call = { controlSocket, sessionId: id, secret };
      await writeFile(fileOf(id, "hook.json"), JSON.stringify(call), { mode: 0o600 });
      await writeFile(fileOf(id, "settings.json"), JSON.stringify(settings(id, kind)), { mode: 0o600 });
    },
    async knows(id, secret) {
      const text = await readFile(fileOf(id, "hook.json"), "utf8").catch(() => undefined);
      if (text === undefined) return false;
      const expected = Buffer.from((JSON.parse(text) as { secret: string }).secret);
      const given = Buffer.from(secret);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
    spool: (id) => createHookSpool(fileOf(id, "spool")),
    remove: (id) => rm(join(directory, id), { recursive: true, force: true }),
    async keepOnly(ids) {
      const names = await readdir(directory).catch(() => []);
      for (const name of names)
        if (!ids.has(name) && name !== launcherName) await rm(join(directory, name), { recursive: true, force: true });
    },
  };
}
