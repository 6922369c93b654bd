/** Waits until the event loop has been once around, which proves that whatever lay ready for it before has been read. */

let round: Promise<void> | undefined;

/**
 * Of several descriptors that have something, the event loop reads none before another. After one whole round, polling included, each has been
 * read that was ready when this was called. Callers of one turn share the round.
 */
export function wholeRound(): Promise<void> {
  round ??= new Promise<void>((resolve) => {
    // The first comes right after this turn's polling, of which a part may be over already; between the two lies a whole one.
    setImmediate(() => {
      round = undefined;
      setImmediate(resolve);
    });
  });
  return round;
}
