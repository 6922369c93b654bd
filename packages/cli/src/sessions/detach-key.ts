/** Finds the detach key in what is typed: a prefix (Ctrl-\ unless chosen otherwise), then d. The prefix twice types it once. */
import { GantryError } from "@gantry/contract/errors";

export interface DetachKey {
  /** What to pass on; `detach` when the key was pressed, and nothing after it counts. */
  push(bytes: Uint8Array): { pass: Uint8Array; detach: boolean };
}

const defaultKey = "ctrl-\\";
const letterD = 0x64;

/** Programs can make a terminal send keys in other forms: kitty's protocol and xterm's modifyOtherKeys. */
function formsOf(key: string): { code: number; forms: Buffer[] } {
  const match = /^ctrl-([a-z@[\\\]^_])$/i.exec(key);
  if (match === null)
    throw new GantryError("invalidArgument", `${key} cannot be the detach key: write ctrl- and a letter, or one of @ [ \\ ] ^ _`);
  const character = (match[1] as string).toLowerCase();
  const plain = character.charCodeAt(0);
  const code = plain & 0x1f;
  return { code, forms: [`\u001b[${plain};5u`, `\u001b[27;5;${plain}~`].map((text) => Buffer.from(text)) };
}

export function createDetachKey(key = defaultKey): DetachKey {
  const { code, forms } = formsOf(key);
  let pending = false;
  return {
    push(bytes) {
      // A key comes in one read; only the prefix and the letter come apart.
      let input = Buffer.from(bytes);
      for (const form of forms) {
        for (let at = input.indexOf(form); at !== -1; at = input.indexOf(form)) {
          input = Buffer.concat([input.subarray(0, at), Buffer.from([code]), input.subarray(at + form.length)]);
        }
      }
      const pass: number[] = [];
      for (const byte of input) {
        if (!pending) {
          if (byte === code) pending = true;
          else pass.push(byte);
          continue;
        }
        pending = false;
        if (byte === letterD) return { pass: Uint8Array.from(pass), detach: true };
        pass.push(code);
        if (byte !== code) pass.push(byte);
      }
      return { pass: Uint8Array.from(pass), detach: false };
    },
  };
}
