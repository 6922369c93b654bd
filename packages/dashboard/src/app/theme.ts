/** Colours, type, and shape of the page. Amber is only for the mark; blue means "you can act here"; the states have their own colours. */
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

const steel: MantineColorsTuple = [
  "#eef4fb",
  "#d9e6f5",
  "#b0cbec",
  "#84aee2",
  "#5f95da",
  "#4885d5",
  "#2f6fc4",
  "#265fae",
  "#1f5198",
  "#153f7b",
];

/** Mantine's own dark greys are neutral; these lean to blue so that terminals and panels sit together. */
const dark: MantineColorsTuple = [
  "#d5dae2",
  "#b3bac6",
  "#8d97a6",
  "#687383",
  "#414b59",
  "#323b48",
  "#262d38",
  "#1b2129",
  "#14181e",
  "#0e1116",
];

export const theme = createTheme({
  colors: { steel, dark },
  primaryColor: "steel",
  primaryShade: 6,
  defaultRadius: "md",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'JetBrains Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  headings: {
    fontWeight: "650",
    sizes: { h1: { fontSize: "1.45rem", lineHeight: "1.3" }, h2: { fontSize: "1.05rem", lineHeight: "1.4" } },
  },
  cursorType: "pointer",
  focusRing: "auto",
  respectReducedMotion: true,
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {
    "--gantry-amber": "#f2a13a",
    "--gantry-terminal": "#10141a",
  },
  light: {
    "--mantine-color-body": "#f6f7f9",
    "--gantry-panel": "#ffffff",
    "--gantry-line": "#e1e5ea",
    "--mantine-color-red-light": "rgb(217 67 63 / 9%)",
    "--gantry-quiet": "#5a6573",
    // Defaults stand in empty fields: they must be readable.
    "--mantine-color-placeholder": "#6b7686",
    "--mantine-color-dimmed": "#5a6573",
  },
  dark: {
    "--mantine-color-body": "#14181e",
    "--gantry-panel": "#1b2129",
    "--gantry-line": "#2c3440",
    "--mantine-color-red-light": "rgb(217 67 63 / 16%)",
    "--mantine-color-red-light-color": "#ff9b92",
    // Of Mantine's own the ground is a navy that stands alone here.
    "--mantine-color-steel-light": "rgb(72 133 213 / 18%)",
    "--mantine-color-steel-light-hover": "rgb(72 133 213 / 26%)",
    "--mantine-color-steel-light-color": "#a9c8f0",
    "--gantry-quiet": "#9aa5b4",
    "--mantine-color-placeholder": "#8d97a6",
    "--mantine-color-dimmed": "#9aa5b4",
  },
});
