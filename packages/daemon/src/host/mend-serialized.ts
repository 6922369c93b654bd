/** Mends what @xterm/addon-serialize writes where it would paint another screen than it read. */

// oxlint-disable-next-line no-control-regex -- control sequences are what this is about
const looks = /\u001b\[(\d[\d;]*)m/g;

export function mendSerialized(text: string): string {
  return (
    text
      // It ends the normal screen with its attributes, and takes the alternate one's first cell to have none.
      .replace("\u001b[?1049h", "\u001b[0m\u001b[?1049h")
      .replaceAll(looks, (sequence, parameters: string) => {
        // From dim to bold it says `1;22`, and 22 ends both.
        if (!/(?:^|;)1;(?:.*;)?22(?:;|$)/.test(parameters)) return sequence;
        const parts = split(parameters);
        return parts.includes("22") && parts.includes("1") ? `\u001b[22;${parts.filter((part) => part !== "22").join(";")}m` : sequence;
      })
  );
}

/** Colours are one part each, so that their numbers are not taken for attributes. */
function split(parameters: string): string[] {
  const numbers = parameters.split(";");
  const parts: string[] = [];
  for (let at = 0; at < numbers.length;) {
    const isColor = numbers[at] === "38" || numbers[at] === "48" || numbers[at] === "58";
    const length = isColor ? (numbers[at + 1] === "2" ? 5 : 3) : 1;
    parts.push(numbers.slice(at, at + length).join(";"));
    at += length;
  }
  return parts;
}
