/** Breaks sentences at words on a terminal, where it would break them anywhere; never in a pipe or file. */

/** Lines after the first begin with `indent`; before the first, `used` characters stand already. */
export function wrap(text: string, indent: string, used = 0, width = process.stdout.isTTY ? process.stdout.columns : Infinity): string {
  let line = "";
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const room = width - (lines.length === 0 ? used : indent.length);
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}
