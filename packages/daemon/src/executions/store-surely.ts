/** Writes what has happened: it cannot be taken back, so it is tried until it is stored (the disk may be full for a while). */
import type { Logger } from "../core/logger.ts";

export const storeRetryMs = 1000;

export async function storeSurely(executionId: string, logger: Logger, write: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await write();
      return;
    } catch (error) {
      logger.error({ err: error, executionId }, "an outcome could not be stored; trying again");
      await new Promise((resolve) => setTimeout(resolve, storeRetryMs));
    }
  }
}
