/** Takes a viewer's terminal's own answers out of its input: the host has already answered the program's queries, once. */

/**
 * Device attributes (CSI ? … c, CSI > … c), status and cursor position (CSI 0 n, CSI r ; c R), mode reports (CSI ? … $ y), window
 * reports (CSI … t), colours (OSC 4, 10-12), clipboard (OSC 52), titles (OSC l, L), and DCS strings, as in https://invisible-island.net/xterm/ctlseqs/ctlseqs.html.
 * `CSI 1 ; 2 R` to `CSI 1 ; 8 R` are kept: they are F3 with modifiers, and nobody's cursor is asked for at column 8 of row 1.
 */
const reply =
  // oxlint-disable-next-line no-control-regex -- control sequences are what this is about
  /\u001b\[[?>=][\d;]*c|\u001b\[0n|\u001b\[(?!1;[2-8]R)\d+;\d+R|\u001b\[\?\d+(?:;\d+)*(?:\$y|n|u)|\u001b\[\d+;\d+;\d+t|\u001b\](?:(?:4;\d+|1[0-2]);rgb:|52;|5522;|[lL])[^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001bP[^\u001b]*\u001b\\/g;

export function dropReplies(bytes: Uint8Array): Uint8Array {
  // The shortest reply has four bytes; almost all input is one.
  if (bytes.length < 4 || !bytes.includes(0x1b)) return bytes;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const rest = text.replaceAll(reply, "");
  return rest.length === text.length ? bytes : Buffer.from(rest, "latin1");
}
