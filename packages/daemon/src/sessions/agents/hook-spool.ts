/**
 * Hook calls that no daemon took in time: one file each, complete when it has its name, removed when it has been heard. A call is thus
 * never torn, lost, or in the way of another.
 */
import { type FSWatcher, watch } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import type { HookCall } from "./hooks.ts";

export interface SpooledCall extends HookCall {
  pid: number;
}

export interface HookSpool {
  /** From now on `arrived` is called when calls may lie there. */
  watch(arrived: () => void): Promise<void>;
  /** Hands over what lies there, oldest first; each call is removed when `hear` has settled with true. */
  drain(hear: (call: SpooledCall) => Promise<boolean>): Promise<void>;
  close(): void;
}

export function createHookSpool(folder: string): HookSpool {
  let watcher: FSWatcher | undefined;
  let closed = false;
  return {
    async watch(arrived) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if (closed) return;
      try {
        watcher = watch(folder, { persistent: false }, arrived);
        // Watches are few on some machines: a slow look at the folder then has to do.
        watcher.on("error", () => watcher?.close());
      } catch {
        watcher = undefined;
      }
    },
    async drain(hear) {
      const names = (await readdir(folder).catch(() => [])).filter((name) => /^\d+-\d+$/.test(name));
      const calls = await Promise.all(names.map(async (name) => ({ name, call: await read(join(folder, name)) })));
      calls.sort((one, other) => (one.call?.timeMs ?? 0) - (other.call?.timeMs ?? 0));
      for (const { name, call } of calls) {
        if (call !== undefined && !(await hear(call))) return;
        await rm(join(folder, name), { force: true });
      }
    },
    close() {
      closed = true;
      watcher?.close();
    },
  };
}

async function read(file: string): Promise<SpooledCall | undefined> {
  try {
    const { pid, startedMs, event, detail } = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
    if (typeof pid !== "number" || typeof startedMs !== "number" || typeof event !== "string") return undefined;
    return { pid, timeMs: startedMs, event, ...(typeof detail === "string" ? { detail } : {}) };
  } catch {
    return undefined;
  }
}
