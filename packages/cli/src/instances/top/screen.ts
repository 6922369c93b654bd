/** Draws `gantry top` with Ink until the user leaves or attaches; reads the instance once a second. */
import type { LocalClient } from "@gantry/client/node";
import { render } from "ink";
import { createElement } from "react";

import { TopView } from "./view.ts";

export interface TopOptions {
  /** The client of the daemon that runs now; rejects while none does. */
  connect(): Promise<LocalClient["client"]>;
  instance: string;
  /** The list to begin with: executions, sessions, providers. */
  list: number;
  /** Resolves to what to tell about it. */
  openPage(): Promise<string>;
}

export interface TopOutcome {
  /** The session to attach to; undefined when the user has had enough. */
  leave: { sessionId: string; label: string } | undefined;
  list: number;
}

export async function showTop(options: TopOptions): Promise<TopOutcome> {
  let outcome: TopOutcome = { leave: undefined, list: options.list };
  const app = render(
    createElement(TopView, {
      ...options,
      onLeave: (next: TopOutcome) => {
        outcome = next;
        app.unmount();
      },
    }),
    { alternateScreen: true, interactive: true, exitOnCtrlC: true, patchConsole: false },
  );
  await app.waitUntilExit();
  return outcome;
}
