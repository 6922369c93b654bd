/** The terminal on the screen: xterm.js with its addons, made so that the program behind it can do nothing but paint. */
import "@xterm/xterm/css/xterm.css";

import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { WebglAddon } from "@xterm/addon-webgl";
import { Terminal } from "@xterm/xterm";

import { terminalTheme } from "./terminal-theme.ts";

export interface Screen {
  terminal: Terminal;
  search: SearchAddon;
  /** The size that fills the element; undefined while it is hidden. */
  fittingSize(): { cols: number; rows: number } | undefined;
  dispose(): void;
}

export const fontSizePx = 13;
const scrollbackLines = 10_000;

export function openScreen(element: HTMLElement, fontFamily: string): Screen {
  const terminal = new Terminal({
    fontSize: fontSizePx,
    fontFamily,
    lineHeight: 1.15,
    theme: terminalTheme,
    scrollback: scrollbackLines,
    cursorBlink: true,
    // Search highlights its matches through a part of xterm's interface that is not final.
    allowProposedApi: true,
    // Only addresses that a browser may open, and only after the click; a program's own text never opens anything.
    linkHandler: {
      activate(_event, text) {
        if (/^https?:\/\//i.test(text)) window.open(text, "_blank", "noopener,noreferrer");
      },
    },
  });
  const fit = new FitAddon();
  const search = new SearchAddon();
  terminal.loadAddon(fit);
  terminal.loadAddon(search);
  leaveQueriesUnanswered(terminal);
  terminal.open(element);
  // Cells cannot be read from what is painted: so that a browser's console, and tests, can.
  Object.assign(element, { terminal });
  const removeWebgl = paintWithWebgl(terminal);

  return {
    terminal,
    search,
    fittingSize() {
      if (element.offsetParent === null || element.clientWidth < 40) return undefined;
      const size = fit.proposeDimensions();
      return size === undefined || !Number.isFinite(size.cols) || size.cols < 2
        ? undefined
        : { cols: size.cols, rows: Math.max(1, size.rows) };
    },
    dispose() {
      removeWebgl();
      terminal.dispose();
    },
  };
}

/** The process host answers programs' questions, once; every viewer's terminal answering too would type the answers into the program. */
function leaveQueriesUnanswered({ parser }: Terminal): void {
  const handled = () => true;
  for (const id of [
    { final: "c" },
    { prefix: ">", final: "c" },
    { prefix: "=", final: "c" },
    { final: "n" },
    { prefix: "?", final: "n" },
  ]) {
    parser.registerCsiHandler(id, handled);
  }
  parser.registerCsiHandler({ prefix: "?", intermediates: "$", final: "p" }, handled);
  parser.registerCsiHandler({ intermediates: "$", final: "p" }, handled);
  parser.registerCsiHandler({ prefix: ">", final: "q" }, handled);
  parser.registerDcsHandler({ intermediates: "$", final: "q" }, handled);
  for (const colour of [4, 10, 11, 12]) parser.registerOscHandler(colour, (data) => data.includes("?"));
}

/** Falls back to elements where there is no WebGL, or when the browser takes it away. */
function paintWithWebgl(terminal: Terminal): () => void {
  try {
    const webgl = new WebglAddon();
    webgl.onContextLoss(() => webgl.dispose());
    terminal.loadAddon(webgl);
    return () => webgl.dispose();
  } catch {
    return () => undefined;
  }
}
