/** Reads the end of a log without reading all of it. */
import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** Long enough for hundreds of lines, short enough to read at once. */
const tailBytes = 256 * 1024;

export function lastLines(file: string, count: number): string[] {
  let fd: number;
  try {
    fd = openSync(file, "r");
  } catch {
    return [];
  }
  try {
    const { size } = fstatSync(fd);
    const buffer = Buffer.alloc(Math.min(size, tailBytes));
    readSync(fd, buffer, 0, buffer.length, size - buffer.length);
    return buffer
      .toString("utf8")
      .split("\n")
      .filter((line) => line !== "")
      .slice(-count);
  } finally {
    closeSync(fd);
  }
}
