/** Finds in what is typed the keys that are meant for `gantry attach` itself: a prefix (Ctrl-\ unless chosen otherwise), then a letter. */
import { GantryError } from "@gantry/contract/errors";

export type AttachKey = "detach" | "control" | "redraw" | "help";

export interface AttachKeys {
  /** As a person reads it, such as Ctrl-\. */
  readonly prefix: string;
  /** In order: what to pass on, and the keys between. The prefix twice passes it on once; before any other letter both pass. */
  push(bytes: Uint8Array): (Uint8Array | AttachKey)[];
}

const defaultPrefix = "ctrl-\\";
const letters = new Map<number, AttachKey>(
  Object.entries({ d: "detach", c: "control", r: "redraw", "?": "help" } as const).map(([letter, key]) => [letter.charCodeAt(0), key]),
);

/** One line, short enough for a window of 80 columns. */
export const describeKeys = (prefix: string): string =>
  `${prefix} then d detaches · c takes control · r draws anew · ${prefix} types itself`;

/** Programs can make a terminal send keys in other forms: kitty's protocol and xterm's modifyOtherKeys. */
function formsOf(key: string): { prefix: string; code: number; forms: Buffer[] } {
  const match = /^ctrl-([a-z@[\\\]^_])$/i.exec(key);
  if (match === null)
    throw new GantryError("invalidArgument", `${key} cannot be the detach key: write ctrl- and a letter, or one of @ [ \\ ] ^ _`);
  const character = (match[1] as string).toLowerCase();
  const plain = character.charCodeAt(0);
  const forms = [`\u001b[${plain};5u`, `\u001b[27;5;${plain}~`].map((text) => Buffer.from(text));
  return { prefix: `Ctrl-${character.toUpperCase()}`, code: plain & 0x1f, forms };
}

export function createAttachKeys(key = defaultPrefix): AttachKeys {
  const { prefix, code, forms } = formsOf(key);
  let pending = false;
  return {
    prefix,
    push(bytes) {
      // A key comes in one read; only the prefix and the letter come apart.
      let input = Buffer.from(bytes);
      for (const form of forms) {
        for (let at = input.indexOf(form); at !== -1; at = input.indexOf(form)) {
          input = Buffer.concat([input.subarray(0, at), Buffer.from([code]), input.subarray(at + form.length)]);
        }
      }
      const steps: (Uint8Array | AttachKey)[] = [];
      let pass: number[] = [];
      const flush = (): void => {
        if (pass.length > 0) steps.push(Uint8Array.from(pass));
        pass = [];
      };
      for (const byte of input) {
        if (!pending) {
          if (byte === code) pending = true;
          else pass.push(byte);
          continue;
        }
        pending = false;
        const pressed = letters.get(byte);
        if (pressed === undefined) {
          pass.push(code);
          if (byte !== code) pass.push(byte);
          continue;
        }
        flush();
        steps.push(pressed);
      }
      flush();
      return steps;
    },
  };
}
