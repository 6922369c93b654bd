/** Types a prompt as a person would: as a paste where the program asked for it, Enter by itself, and a look whether the screen reacted. */
import { setTimeout as delay } from "node:timers/promises";

import type { HostLink } from "../../host/link.ts";

export interface SubmitOptions {
  link: Pick<HostLink, "screen">;
  write(id: string, bytes: Uint8Array): void;
  /** True when something else than the screen tells that Enter was taken: the agent itself, or the program's end. */
  confirmed(id: string, sinceMs: number): boolean;
  /** True when it shows a question: an Enter would answer that. */
  asks(id: string): boolean;
  /** True when what a key did to a dialog has been seen: Enter after it would go to whatever is there now. */
  answered(id: string, sinceMs: number): boolean;
  nowMs(): number;
  pause(ms: number): Promise<void>;
}

/**
 * An `agent` shows what is typed, or does not read; how it leaves the cursor means nothing. `dialog`: it asks something, which one key can
 * answer. Of a `program` that shows nothing it may be that it reads a password; one that prints nothing moves its cursor on Enter.
 */
export type SubmitTo = "agent" | "dialog" | "program";

const lookEveryMs = 40;
const stillLooks = 2;
/** Something else on the screen may never stand still. */
const movingLooks = 12;
/** Nothing typed shows: the program does not read. Long, because the machine may be busy. */
const echoMs = 5000;
const programEchoMs = 1000;
const reactMs = 10_000;
const programReactMs = 5000;
/** A screen that comes to rest is told this much later. */
const answerMs = 800;

/** The bytes of a text as they are typed: `ansi` is the screen with its modes. */
export function pasteOf(text: string, ansi: string): Uint8Array {
  // One character is a key: dialogs take no pastes.
  const asksForPastes = text.length > 1 && ansi.includes("\u001b[?2004h");
  return Buffer.from(asksForPastes ? `\u001b[200~${text.replaceAll("\u001b[201~", "")}\u001b[201~` : text.replaceAll(/\r?\n/g, "\r"));
}

/** How much of a text must be found: what comes after may be wrapped, or folded away. */
const recognized = 12;
const spaces = /\s+/g;
/** Programs show long pastes as such words in brackets. */
const folded = /\[Pasted /gi;

/** True when the screen shows what was typed, and not only because it did so before. */
export function showsTyped(text: string, before: string, shown: string): boolean {
  const start = text.replaceAll(spaces, "").slice(0, recognized);
  const times = (screen: string): number =>
    screen.replaceAll(spaces, "").split(start).length + (text.length > 1 ? (screen.match(folded)?.length ?? 0) : 0);
  return start !== "" && times(shown) > times(before);
}

/** `enteredMs`: the screen reacted to what was typed then. Typed is typed once, whatever comes of it. */
export type SubmitOutcome = { enteredMs: number } | { problem: string };

export async function submit(id: string, text: string, to: SubmitTo, options: SubmitOptions): Promise<SubmitOutcome> {
  const { link, write, confirmed, answered, asks, nowMs, pause } = options;
  const look = (): Promise<string> => link.screen(id, to === "program" ? "ansi" : "text");
  const before = await look();
  const typedMs = nowMs();
  write(id, pasteOf(text, await link.screen(id, "ansi")));
  let shown = await look();
  const echoUntilMs = typedMs + (to === "program" ? programEchoMs : echoMs);
  // Until it shows and stands still: an Enter that comes with a paste is taken for part of it.
  for (let still = text === "" ? stillLooks : 0, seen = 0; still < stillLooks && seen < movingLooks;) {
    if (to === "program" && confirmed(id, typedMs)) return { enteredMs: typedMs };
    if (nowMs() > echoUntilMs) {
      if (to === "agent" && asks(id))
        return { problem: "The program asks something else, so Enter was not pressed; what was typed may still stand in its input" };
      if (shown !== before || to === "program") break;
      return { problem: `The program showed nothing of what was typed within ${echoMs / 1000} s, so Enter was not pressed` };
    }
    await pause(lookEveryMs);
    const next = await look();
    const isThere = to === "agent" ? showsTyped(text, before, next) : next !== before;
    seen = isThere ? seen + 1 : 0;
    still = isThere && next === shown ? still + 1 : 0;
    shown = next;
  }
  const isKey = to === "dialog" && text.length === 1;
  for (const untilMs = isKey ? nowMs() + answerMs : 0; nowMs() < untilMs; await pause(lookEveryMs)) {
    if (answered(id, typedMs)) return { enteredMs: typedMs };
  }
  const enteredMs = nowMs();
  write(id, Buffer.from("\r"));
  const patienceMs = to === "program" ? programReactMs : reactMs;
  // What a key alone has changed is a reaction, too.
  while ((await look()) === (isKey ? before : shown) && !confirmed(id, enteredMs)) {
    if (nowMs() > enteredMs + patienceMs)
      return { problem: `The screen did not react to Enter within ${patienceMs / 1000} s; what was typed may still stand in its input` };
    await pause(lookEveryMs);
  }
  return { enteredMs };
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
