/** Tells cheaply that no file has changed: the kernel gives notice of every change in the folders above the files. */
import { type FSWatcher, realpathSync, statfsSync, watch } from "node:fs";
import { dirname } from "node:path";

import { wholeRound } from "../core/turn.ts";

export interface FileChanges {
  /**
   * Rises whenever something has changed in a folder above one of the files; undefined when that cannot be relied on here, and they must be looked
   * at instead. What changed before the call is counted, also when its notice has not been read yet.
   */
  generation(): Promise<number | undefined>;
  /** From now on it is these. */
  cover(files: Iterable<string>): void;
  close(): void;
}

/** File systems of this machine's own: on others (NFS, a folder shared with a host) somebody else may write without any notice here. */
const ownFileSystems: ReadonlySet<number> = new Set([
  0xef53, // ext2, ext3, ext4
  0x58465342, // xfs
  0x9123683e, // btrfs
  0x01021994, // tmpfs
  0x794c7630, // overlay
  0x2fc12fc1, // zfs
  0xf2f52010, // f2fs
]);

/** More folders than this are looked at file by file: notices are a shared and limited good. */
const maxFolders = 256;

export function createFileChanges(): FileChanges {
  let watchers: FSWatcher[] = [];
  let reliable = false;
  let generation = 0;

  const notice = () => {
    generation += 1;
  };
  /** Nothing is relied on until `cover` is called again. */
  const giveUp = () => {
    reliable = false;
    generation += 1;
    for (const watcher of watchers) watcher.close();
    watchers = [];
  };
  const add = (folder: string) => {
    if (!ownFileSystems.has(statfsSync(folder).type)) throw new Error(`changes in ${folder} may come without notice`);
    watchers.push(watch(folder, { persistent: false }, notice).on("error", giveUp));
  };

  return {
    async generation() {
      if (!reliable) return undefined;
      await wholeRound();
      return reliable ? generation : undefined;
    },
    cover(files) {
      // All anew, also where the path is the same: a folder may have been replaced by another of its name.
      giveUp();
      // Elsewhere notices come late.
      if (process.platform !== "linux") return;
      try {
        const folders = foldersAbove(files);
        if (folders.size > maxFolders) throw new Error("too many folders");
        for (const folder of folders) add(folder);
        reliable = true;
      } catch {
        giveUp();
      }
    },
    close: giveUp,
  };
}

/** With those of the links on the way: renaming any of them puts other files in the place of these. */
function foldersAbove(files: Iterable<string>): Set<string> {
  const folders = new Set<string>();
  for (const file of files) {
    for (let path of [file, realpathSync(file)]) {
      while (path !== dirname(path)) folders.add((path = dirname(path)));
    }
  }
  return folders;
}
