/** One thing that is wrong with an input, in words that name the field, what was given, and what is allowed. */

export interface Issue {
  /** The field, dotted for inner ones; empty for the input as a whole. */
  path: string;
  message: string;
  suggestions?: string[];
}

const shownCharacters = 80;

/** Shows a given value, escaped because it reaches terminals, and cut because it may be anything. */
export function quote(value: unknown): string {
  // JSON leaves DEL and the C1 controls alone, which terminals do not.
  const text = (JSON.stringify(value) ?? String(value)).replaceAll(
    /[\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}…`;
}
