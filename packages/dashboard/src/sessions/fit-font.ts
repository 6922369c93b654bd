/** Lets a viewer see all of somebody else's screen: letters shrink until it fits, down to what can still be read. */
import type { Terminal } from "@xterm/xterm";

const smallestPx = 5;

export function fitFont(terminal: Terminal, box: HTMLElement, normalPx: number): void {
  const screen = box.querySelector<HTMLElement>(".xterm-screen");
  if (screen === null || screen.offsetWidth === 0 || box.clientWidth === 0) return;
  const now = terminal.options.fontSize ?? normalPx;
  const scale = Math.min(box.clientWidth / screen.offsetWidth, box.clientHeight / screen.offsetHeight);
  const next = Math.max(smallestPx, Math.min(normalPx, Math.floor(now * scale * 2) / 2));
  if (next !== now) terminal.options.fontSize = next;
}
