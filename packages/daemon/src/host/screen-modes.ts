/** Remembers the terminal modes that @xterm/addon-serialize does not restore, and writes them as a preamble to a snapshot. */
import type { Terminal } from "@xterm/headless";

/** Private modes that change what a viewer's terminal does and that the addon leaves out: cursor, mouse encodings, alternate scroll, theme notices. */
const trackedModes = new Set([12, 25, 1005, 1006, 1007, 1015, 1016, 2031]);
const onByDefault = new Set([25]);
/** Kitty's keyboard protocol keeps a stack; programs push one level each. */
const maxKeyboardStack = 16;

export interface ScreenModes {
  /** Goes after the serialized screen. */
  restore(): string;
}

interface ScrollRegion {
  scrollTop: number;
  scrollBottom: number;
  x: number;
  y: number;
}

function regionOf(terminal: Terminal): ScrollRegion {
  // Internal, as is much of what the addon itself reads; the version is pinned and a test would notice.
  return (terminal as unknown as { _core: { _bufferService: { buffer: ScrollRegion } } })._core._bufferService.buffer;
}

export function trackScreenModes(terminal: Terminal): ScreenModes {
  const modes = new Map<number, boolean>();
  let cursorStyle: number | undefined;
  let title: string | undefined;
  let charsets: Record<string, string> = {};
  let keyboard: number[] = [];
  let modifyOtherKeys: number | undefined;

  const reset = (): void => {
    modes.clear();
    cursorStyle = undefined;
    charsets = {};
    keyboard = [];
    modifyOtherKeys = undefined;
  };
  const setModes = (parameters: (number | number[])[], on: boolean): boolean => {
    for (const mode of parameters) if (typeof mode === "number" && trackedModes.has(mode)) modes.set(mode, on);
    return false;
  };
  const { parser } = terminal;
  const number = (value: number | number[] | undefined, missing: number): number =>
    typeof value === "number" && value > 0 ? value : missing;
  parser.registerCsiHandler({ prefix: "?", final: "h" }, (parameters) => setModes(parameters, true));
  parser.registerCsiHandler({ prefix: "?", final: "l" }, (parameters) => setModes(parameters, false));
  parser.registerCsiHandler({ intermediates: " ", final: "q" }, (parameters) => {
    cursorStyle = number(parameters[0], 0);
    return false;
  });
  parser.registerCsiHandler({ prefix: ">", final: "u" }, (parameters) => {
    keyboard = [...keyboard, number(parameters[0], 0)].slice(-maxKeyboardStack);
    return false;
  });
  parser.registerCsiHandler({ prefix: "<", final: "u" }, (parameters) => {
    keyboard = keyboard.slice(0, Math.max(0, keyboard.length - number(parameters[0], 1)));
    return false;
  });
  parser.registerCsiHandler({ prefix: ">", final: "m" }, (parameters) => {
    if (parameters[0] === 4) modifyOtherKeys = parameters.length > 1 ? number(parameters[1], 0) : undefined;
    return false;
  });
  parser.registerCsiHandler({ intermediates: "!", final: "p" }, () => {
    reset();
    return false;
  });
  parser.registerEscHandler({ final: "c" }, () => {
    reset();
    return false;
  });
  for (const slot of ["(", ")"]) {
    for (const final of ["0", "B", "A"]) {
      parser.registerEscHandler({ intermediates: slot, final }, () => {
        charsets[slot] = final;
        return false;
      });
    }
  }
  terminal.onTitleChange((text) => (title = text));

  // SO and SI are single control characters, for which the parser offers no hook.
  const usesG1 = (): boolean =>
    (terminal as unknown as { _core: { _charsetService?: { glevel?: number } } })._core._charsetService?.glevel === 1;

  return {
    restore() {
      let text = "";
      const { scrollTop, scrollBottom, x, y } = regionOf(terminal);
      const hasRegion = scrollTop !== 0 || scrollBottom !== terminal.rows - 1;
      // Setting the region moves the cursor home.
      if (hasRegion) text += `\u001b[${scrollTop + 1};${scrollBottom + 1}r`;
      // The addon counts back from the last cell it wrote, which is one off when that was a line's last. Left alone only behind a full
      // line, where the next character wraps: no sequence says that.
      if (hasRegion || x < terminal.cols) {
        // With origin mode positions count from the region's top.
        const row = terminal.modes.originMode ? y - scrollTop : y;
        text += `\u001b[${row + 1};${Math.min(x, terminal.cols - 1) + 1}H`;
      }
      for (const [slot, final] of Object.entries(charsets)) if (final !== "B") text += `\u001b${slot}${final}`;
      if (usesG1()) text += "\u000e";
      for (const [mode, on] of modes) if (on !== onByDefault.has(mode)) text += `\u001b[?${mode}${on ? "h" : "l"}`;
      if (cursorStyle !== undefined) text += `\u001b[${cursorStyle} q`;
      for (const flags of keyboard) text += `\u001b[>${flags}u`;
      if (modifyOtherKeys !== undefined) text += `\u001b[>4;${modifyOtherKeys}m`;
      // oxlint-disable-next-line no-control-regex -- a title is put back as one OSC, which a control character would end
      if (title !== undefined && title !== "") text += `\u001b]2;${title.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, "")}\u001b\\`;
      return text;
    },
  };
}
