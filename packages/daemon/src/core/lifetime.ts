/** Collects what must be closed and closes it once, in reverse order of opening. */
import type { Logger } from "./logger.ts";

type Closer = () => unknown;

export interface Lifetime {
  /** Registers a closer under a name that the log shows when it fails. */
  onClose(name: string, close: Closer): void;
  /** Runs every closer once; later calls wait for the first. A failing closer never keeps the others from running. */
  close(): Promise<void>;
}

export function createLifetime(logger: Logger): Lifetime {
  const closers: { name: string; close: Closer }[] = [];
  let closing: Promise<void> | undefined;

  const closeAll = async () => {
    for (let next = closers.pop(); next !== undefined; next = closers.pop()) {
      try {
        await next.close();
      } catch (error) {
        logger.error({ err: error, part: next.name }, "closing failed");
      }
    }
  };

  return {
    onClose: (name, close) => void closers.push({ name, close }),
    close: () => (closing ??= closeAll()),
  };
}
