/** Finds what somebody probably meant. */
import { distance } from "fastest-levenshtein";

/** Names that begin with `given` or are few enough edits away, nearest first, at most three. */
export function nearest(given: string, names: Iterable<string>): string[] {
  const wanted = given.toLowerCase();
  return [...names]
    .map((name) => ({ name, edits: distance(wanted, name.toLowerCase()) }))
    .filter(
      ({ name, edits }) => edits <= Math.ceil(Math.max(given.length, name.length) * 0.4) || (given.length > 2 && name.startsWith(given)),
    )
    .sort((one, other) => one.edits - other.edits)
    .slice(0, 3)
    .map(({ name }) => name);
}
