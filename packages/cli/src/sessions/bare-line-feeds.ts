/**
 * Keeps the user's terminal from turning line feeds into new lines.
 *
 * Node's raw mode is about input: on its way out the terminal still makes `\n` into `\r\n`. Full-screen programs use a line feed by itself to
 * move down in a column. A vertical tab does the same in every terminal (https://vt100.net/docs/vt510-rm/VT.html) and is left alone.
 */
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const verticalTab = 0x0b;

/** The same bytes when there is no line feed by itself. */
export function withVerticalTabs(bytes: Uint8Array): Uint8Array {
  let copy: Uint8Array | undefined;
  for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, at + 1)) {
    if (at > 0 && bytes[at - 1] === carriageReturn) continue;
    // Shared with nobody: the bytes may be a view of what others read too.
    copy ??= Uint8Array.from(bytes);
    copy[at] = verticalTab;
  }
  return copy ?? bytes;
}
