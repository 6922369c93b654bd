/** Types a prompt as a person would: as a paste where the program asked for it, Enter by itself, and a look whether the screen reacted. */
import { setTimeout as delay } from "node:timers/promises";

import type { HostLink } from "../../host/link.ts";

export interface SubmitOptions {
  link: Pick<HostLink, "screen">;
  write(id: string, bytes: Uint8Array): void;
  /** True when the agent itself has said that it began. */
  confirmed(id: string, sinceMs: number): boolean;
  nowMs(): number;
}

const lookEveryMs = 40;
/** Nothing typed shows: the program does not read. Long, because the machine may be busy. */
const echoMs = 5000;
const reactMs = 10_000;

/** The bytes of a text as they are typed: `ansi` is the screen with its modes. */
export function pasteOf(text: string, ansi: string): Uint8Array {
  // One character is a key: dialogs take no pastes.
  const asksForPastes = text.length > 1 && ansi.includes("\u001b[?2004h");
  return Buffer.from(asksForPastes ? `\u001b[200~${text.replaceAll("\u001b[201~", "")}\u001b[201~` : text.replaceAll(/\r?\n/g, "\r"));
}

/** Resolves to undefined when the screen reacted, else to what went wrong. */
export async function submit(id: string, text: string, { link, write, confirmed, nowMs }: SubmitOptions): Promise<string | undefined> {
  const look = (): Promise<string> => link.screen(id, "text");
  const before = await look();
  write(id, pasteOf(text, await link.screen(id, "ansi")));
  let shown = await look();
  const echoUntilMs = nowMs() + echoMs;
  // Until it shows and stands still for two looks: an Enter that comes with a paste is taken for part of it.
  for (let still = 0; still < 2;) {
    if (nowMs() > echoUntilMs) {
      if (shown !== before) break;
      return `The program showed nothing of what was typed within ${echoMs / 1000} s, so Enter was not pressed`;
    }
    await delay(lookEveryMs);
    const next = await look();
    still = next === shown && next !== before ? still + 1 : 0;
    shown = next;
  }
  const sinceMs = nowMs();
  write(id, Buffer.from("\r"));
  while ((await look()) === shown && !confirmed(id, sinceMs)) {
    if (nowMs() > sinceMs + reactMs)
      return `The screen did not react to Enter within ${reactMs / 1000} s; the prompt may still stand in its input`;
    await delay(lookEveryMs);
  }
  return undefined;
}

const restLooks = 3;
const restEveryMs = 100;
const restMs = 3000;

/** An agent's word that it is done can come before its last words are painted: settles when the screen shows so too, or after a while. */
export async function screenRests(id: string, link: Pick<HostLink, "screen">, showsIdle: () => boolean): Promise<void> {
  let shown = "";
  for (let still = 0, waitedMs = 0; still < restLooks && waitedMs < restMs; waitedMs += restEveryMs) {
    const next = await link.screen(id, "text");
    still = next === shown && showsIdle() ? still + 1 : 0;
    shown = next;
    await delay(restEveryMs);
  }
}
