/** Keeps what one attachment types in order: a command takes a while, and what comes behind it must not get between its text and its Enter. */

export interface TypingOrder {
  command(work: () => Promise<void>): void;
  /** At once when no command is being typed. False: too much waits already, and this is dropped. */
  behind(bytes: number, work: () => void): boolean;
}

const maxWaitingBytes = 1024 * 1024;

export function createTypingOrder(): TypingOrder {
  let commands = 0;
  let waitingBytes = 0;
  let last: Promise<void> = Promise.resolve();
  return {
    command(work) {
      commands += 1;
      last = last.then(work).finally(() => {
        commands -= 1;
      });
    },
    behind(bytes, work) {
      if (commands === 0) work();
      else if (waitingBytes + bytes > maxWaitingBytes) return false;
      else {
        waitingBytes += bytes;
        last = last.then(() => {
          waitingBytes -= bytes;
          work();
        });
      }
      return true;
    },
  };
}
