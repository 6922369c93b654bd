/** Counts things by name; a name whose count is zero is forgotten. */
export interface Tally {
  of(name: string): number;
  add(name: string, change: 1 | -1): void;
}

export function createTally(): Tally {
  const counts = new Map<string, number>();
  return {
    of: (name) => counts.get(name) ?? 0,
    add(name, change) {
      const count = (counts.get(name) ?? 0) + change;
      if (count === 0) counts.delete(name);
      else counts.set(name, count);
    },
  };
}
