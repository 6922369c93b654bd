/** The files through which an agent's hooks call back: settings for the agent, and a secret of the session for the hook's program. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { hookNames } from "./hook-signals.ts";

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
  /** What an agent of that kind is started with. */
  arguments(id: string, kind: keyof typeof hookNames): string[];
  environment(id: string, kind: keyof typeof hookNames): Record<string, string>;
  /** Writes the files. */
  install(id: string, kind: keyof typeof hookNames): Promise<void>;
  /** True when the secret is this session's. */
  knows(id: string, secret: string): Promise<boolean>;
  /** Calls that came while no daemon was there, oldest first; told once. */
  missed(id: string): Promise<HookCall[]>;
  remove(id: string): Promise<void>;
  /** Removes what is of no session of these. */
  keepOnly(ids: ReadonlySet<string>): Promise<void>;
}

/** Longer than any hook should take; an agent waits for its hooks. */
const hookTimeoutSeconds = 10;

export function createHooks({ directory, controlSocket, hookFile, nodeFile }: HooksOptions): Hooks {
  const fileOf = (id: string, name: string): string => join(directory, id, name);
  const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

  const settings = (id: string, kind: keyof typeof hookNames): object => {
    const command = (event: string): string => [nodeFile, hookFile, fileOf(id, "hook.json"), event].map(quote).join(" ");
    const timeout = kind === "claude" ? hookTimeoutSeconds : hookTimeoutSeconds * 1000;
    const entry = (event: string) => [{ hooks: [{ type: "command", name: "gantry", command: command(event), timeout }] }];
    return { hooks: Object.fromEntries(hookNames[kind].map((event) => [event, entry(event)])) };
  };
  return {
    arguments: (id, kind) => (kind === "claude" ? ["--settings", fileOf(id, "settings.json")] : []),
    environment: (id, kind): Record<string, string> =>
      kind === "gemini" ? { GEMINI_CLI_SYSTEM_DEFAULTS_PATH: fileOf(id, "settings.json") } : {},
    async install(id, kind) {
      await mkdir(join(directory, id), { recursive: true, mode: 0o700 });
      const secret = randomBytes(24).toString("base64url");
      const call = { controlSocket, sessionId: id, secret, missed: fileOf(id, "missed") };
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
    async missed(id) {
      const text = await readFile(fileOf(id, "missed"), "utf8").catch(() => "");
      await rm(fileOf(id, "missed"), { force: true });
      return text.split("\n").flatMap((line) => {
        try {
          return [JSON.parse(line) as HookCall];
        } catch {
          // A torn line, or the end.
          return [];
        }
      });
    },
    remove: (id) => rm(join(directory, id), { recursive: true, force: true }),
    async keepOnly(ids) {
      const names = await readdir(directory).catch(() => []);
      for (const name of names) if (!ids.has(name)) await rm(join(directory, name), { recursive: true, force: true });
    },
  };
}
