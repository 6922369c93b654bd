/**
 * Makes a terminal's output harmless for every parser behind it, in place and without changing its length, so that offsets stay true.
 *
 * A parameter of a control sequence is kept at or below 2,000 by overwriting further digits with NUL, which terminals ignore:
 * `ESC[2147483647b` alone blocks xterm.js for 95 s. A string (OSC, DCS, APC, PM, SOS) beyond 1 MiB is cancelled and its rest
 * overwritten, and so is what reads the clipboard of whoever looks on (OSC 52), or writes it, unless that is allowed. It also knows where the last complete character or sequence ended, which a snapshot needs.
 * The states follow the parser of Paul Williams, https://vt100.net/emu/dec_ansi_parser.
 */

const maxParameter = 2000;
/** Sequences with a private marker (`?2026h`) name modes and loop over nothing. */
const maxPrivateParameter = 99_999;
const maxStringBytes = 1024 * 1024;

const ground = 0;
const escape = 1;
const csi = 2;
const string = 3;
const stringEscape = 4;
/** After C2, the first byte of a C1 control in UTF-8 (C2 9B is CSI to xterm.js). */
const c1Lead = 5;
const escapeIntermediate = 6;
const stringC1Lead = 7;

/** OSC 52 of xterm, and kitty's form of it. */
const clipboardCode = 52;
const kittyClipboardCode = 5522;
const semicolon = 0x3b;
const questionMark = 0x3f;

const nul = 0x00;
const cancel = 0x18;

export class Sanitizer {
  #state = ground;
  #parameter = 0;
  #private = false;
  #stringBytes = 0;
  #overlong = false;
  #isOsc = false;
  /** Of an OSC: its number, and which field the parser is in; -1 when nothing more of it matters. */
  #oscCode = 0;
  #oscField = -1;
  readonly #clipboard: boolean;
  /** Continuation bytes still expected of a UTF-8 character in ground state. */
  #utf8Left = 0;
  #seen = 0;
  #incompleteFrom = 0;

  /** `clipboard`: programs may write the clipboard, though never read it. */
  constructor({ clipboard = false }: { clipboard?: boolean } = {}) {
    this.#clipboard = clipboard;
  }

  /** The offset where the sequence or character began that is not complete yet; the end when all is complete. */
  get completeOffset(): number {
    return this.#state === ground && this.#utf8Left === 0 ? this.#seen : this.#incompleteFrom;
  }

  /** Rewrites `bytes` in place. */
  push(bytes: Uint8Array): void {
    const length = bytes.length;
    for (let index = 0; index < length; index += 1) {
      const byte = bytes[index] as number;
      if (this.#state === ground) {
        if (byte >= 0x20 && byte < 0x7f) {
          // The fast path: nearly all bytes of nearly all output.
          this.#utf8Left = 0;
          while (index + 1 < length && (bytes[index + 1] as number) >= 0x20 && (bytes[index + 1] as number) < 0x7f) index += 1;
        } else this.#inGround(byte, index);
      } else bytes[index] = this.#inSequence(byte);
    }
    this.#seen += length;
  }

  #inGround(byte: number, index: number): void {
    if (byte === 0x1b) {
      this.#begin(escape, index);
    } else if (byte < 0x80) {
      this.#utf8Left = 0;
    } else if (byte < 0xc0) {
      if (this.#utf8Left > 0) this.#utf8Left -= 1;
    } else if (byte === 0xc2) {
      this.#begin(c1Lead, index);
    } else {
      this.#incompleteFrom = this.#seen + index;
      this.#utf8Left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
    }
  }

  #begin(state: number, index: number): void {
    this.#incompleteFrom = this.#seen + index;
    this.#utf8Left = 0;
    this.#state = state;
  }

  /** Returns the byte to put in this one's place. */
  #inSequence(byte: number): number {
    switch (this.#state) {
      case escape:
        if (byte === 0x5b) this.#enterCsi();
        else if (byte === 0x5d || byte === 0x50 || byte === 0x58 || byte === 0x5e || byte === 0x5f) this.#enterString(byte === 0x5d);
        else if (byte >= 0x20 && byte < 0x30) this.#state = escapeIntermediate;
        // Another ESC starts over; controls are executed inside a sequence.
        else if (byte >= 0x30 || byte === cancel || byte === 0x1a) this.#state = ground;
        return byte;
      case escapeIntermediate:
        if (byte === 0x1b) this.#state = escape;
        else if (byte >= 0x30 || byte === cancel || byte === 0x1a) this.#state = ground;
        return byte;
      case c1Lead:
        if (byte === 0x9b) this.#enterCsi();
        else if (byte === 0x90 || byte === 0x98 || byte === 0x9d || byte === 0x9e || byte === 0x9f) this.#enterString(byte === 0x9d);
        else this.#state = byte === 0x1b ? escape : ground;
        return byte;
      case csi:
        return this.#inCsi(byte);
      default:
        return this.#inString(byte);
    }
  }

  #enterCsi(): void {
    this.#state = csi;
    this.#parameter = 0;
    this.#private = false;
  }

  #inCsi(byte: number): number {
    if (byte >= 0x30 && byte <= 0x39) {
      const value = this.#parameter * 10 + (byte - 0x30);
      if (value > (this.#private ? maxPrivateParameter : maxParameter)) return nul;
      this.#parameter = value;
    } else if (byte === 0x3a || byte === 0x3b) this.#parameter = 0;
    else if (byte >= 0x3c && byte <= 0x3f) this.#private = true;
    else if (byte === 0x1b) this.#state = escape;
    else if ((byte >= 0x40 && byte !== 0x7f) || byte === cancel || byte === 0x1a) this.#state = ground;
    return byte;
  }

  #enterString(isOsc: boolean): void {
    this.#state = string;
    this.#stringBytes = 0;
    this.#overlong = false;
    this.#isOsc = isOsc;
    this.#oscCode = 0;
    this.#oscField = isOsc ? 0 : -1;
  }

  #inString(byte: number): number {
    this.#stringBytes += 1;
    if (this.#state === stringEscape) {
      // ESC ends a string whatever follows; with a backslash it is ST, otherwise another sequence has begun.
      this.#state = escape;
      return this.#inSequence(byte);
    }
    if (byte === 0x1b) {
      this.#state = stringEscape;
      return byte;
    }
    if (byte === cancel || byte === 0x1a || (byte === 0x07 && this.#isOsc) || (byte === 0x9c && this.#state === stringC1Lead)) {
      this.#state = ground;
      return this.#overlong ? nul : byte;
    }
    this.#state = byte === 0xc2 ? stringC1Lead : string;
    if (this.#overlong) return nul;
    if (this.#oscField !== -1 && this.#touchesClipboard(byte)) {
      this.#overlong = true;
      return cancel;
    }
    if (this.#stringBytes <= maxStringBytes) return byte;
    this.#overlong = true;
    return cancel;
  }

  /** Reads the beginning of an OSC; true at the byte from which it must not go on. Parsers skip controls inside it, and so does this. */
  #touchesClipboard(byte: number): boolean {
    if (byte < 0x20) return false;
    if (this.#oscField === 0) {
      if (byte >= 0x30 && byte <= 0x39) {
        this.#oscCode = Math.min(this.#oscCode * 10 + (byte - 0x30), 1_000_000);
        return false;
      }
      const isClipboard = this.#oscCode === clipboardCode;
      this.#oscField = byte === semicolon && isClipboard ? 1 : -1;
      return byte === semicolon && ((isClipboard && !this.#clipboard) || this.#oscCode === kittyClipboardCode);
    }
    if (this.#oscField === 1) {
      if (byte === semicolon) this.#oscField = 2;
      return false;
    }
    this.#oscField = -1;
    return byte === questionMark;
  }
}
