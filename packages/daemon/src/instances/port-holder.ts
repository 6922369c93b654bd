/** Finds who listens on a TCP port of this machine, to say so instead of "address in use". */
import { readFileSync } from "node:fs";

import { commandLine, holds, pids } from "../core/processes.ts";

export interface PortHolder {
  pid: number;
  command: string;
}

/** Linux only, and only for processes that this user may look into; undefined otherwise. Reads /proc, starts nothing. */
export function findPortHolder(port: number): PortHolder | undefined {
  try {
    const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) => listeningInodes(readFileSync(file, "utf8"), port)));
    if (inodes.size === 0) return undefined;
    const pid = pids().find((one) => holds(one, (link) => inodes.has(/^socket:\[(\d+)\]$/.exec(link)?.[1] ?? "")));
    return pid === undefined ? undefined : { pid, command: commandLine(pid) };
  } catch {
    // Not Linux, or /proc is hidden: the message goes without a name.
    return undefined;
  }
}

const listenState = "0A";

function listeningInodes(table: string, port: number): string[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  return table
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listenState && fields[1]?.endsWith(`:${wanted}`) === true)
    .map((fields) => fields[9] as string);
}
