/** Terminals stay dark in both themes: programs choose their colours for a dark ground, and many are unreadable on a light one. */
import type { ITheme } from "@xterm/xterm";

export const terminalTheme: ITheme = {
  background: "#10141a",
  foreground: "#d5dae2",
  cursor: "#f2a13a",
  cursorAccent: "#10141a",
  selectionBackground: "#2f4a70",
  black: "#1b2129",
  red: "#e8706a",
  green: "#6cc28c",
  yellow: "#e0b25b",
  blue: "#6ea8ea",
  magenta: "#b99af0",
  cyan: "#62c4c9",
  white: "#c9d0da",
  brightBlack: "#6b7686",
  brightRed: "#ff9b92",
  brightGreen: "#93dfae",
  brightYellow: "#f5d080",
  brightBlue: "#9cc6fa",
  brightMagenta: "#d3bdff",
  brightCyan: "#93e3e6",
  brightWhite: "#f2f5f9",
};
