/** A terminal of the page in a real Chromium: typed into by its keyboard, read cell by cell. */
import type { Page } from "playwright-core";
import type { TestContext } from "vitest";

import type { TestDaemon } from "./daemon.ts";
import type { Site } from "./site.ts";
import { differences, type Painted, paintedBy, textOf } from "./terminal-cells.ts";
import { until } from "./until.ts";

const patient = { timeoutMs: 25_000, intervalMs: 100 };

export interface PageTerminal {
  type(text: string): Promise<void>;
  shows(text: string): Promise<unknown>;
  painted(): Promise<Painted>;
  /** Where it differs in the end; given time, because a screen comes in pieces. A function tells what is wanted by then. */
  differencesFrom(wanted: Painted | (() => Painted)): Promise<string[]>;
}

/** `label` is the section's: Terminal or Recording. */
export function terminalIn(page: Page, label = "Terminal"): PageTerminal {
  const element = `document.querySelector('section[aria-label=${label}]:not([hidden]) .xterm').parentElement`;
  // Sent as text: the page reads its own cells by the same rules as tests read theirs.
  const ask = <T>(read: (...values: never[]) => T) => page.evaluate<T>(`(${read.toString()})(${element}.terminal)`);
  const painted = () => ask(paintedBy);
  return {
    async type(text) {
      for (const character of text) {
        if (character === "\u0002") await page.keyboard.press("Control+b");
        else if (character === "\r") await page.keyboard.press("Enter");
        else await page.keyboard.type(character);
      }
    },
    shows: (text) =>
      until(
        `the page's terminal to show ${JSON.stringify(text)}`,
        () => ask(textOf),
        (shown) => shown.includes(text),
        patient,
      ),
    painted,
    async differencesFrom(wanted) {
      const look = async () => differences(await painted(), typeof wanted === "function" ? wanted() : wanted);
      await until("the screens to be equal", look, (found) => found.length === 0, patient).catch(() => undefined);
      return look();
    },
  };
}

const sizes = new WeakMap<TestDaemon, Promise<{ cols: number; rows: number }>>();

/** The size that the page gives to a session which it controls. Measured once for a daemon. */
export function pageSize({ daemon, visit }: Pick<Site, "daemon" | "visit">, context: TestContext): Promise<{ cols: number; rows: number }> {
  const measure = async () => {
    const { sessionId: id } = await daemon.client.sessions.open({ argv: ["cat"] });
    const page = await visit(`/sessions/${id}`, context);
    await page.getByText("In control", { exact: true }).waitFor();
    await until("the session to have the page's size", async () => {
      const { cols, rows } = await daemon.client.sessions.get({ id });
      const painted = await terminalIn(page).painted();
      return cols !== 80 && painted.cols === cols && painted.rows === rows;
    });
    const { cols, rows } = await daemon.client.sessions.kill({ id });
    return { cols, rows };
  };
  const known = sizes.get(daemon) ?? measure();
  sizes.set(daemon, known);
  return known;
}
