/** Types texts into terminals, in each session one after another, and tells of each whether the program took it. */
import { setTimeout as delay } from "node:timers/promises";

import { GantryError } from "@gantry/contract";

import type { Clock } from "../../core/clock.ts";
import type { HostLink } from "../../host/link.ts";
import type { Agents } from "./agents.ts";
import { submit, type SubmitOutcome, type SubmitTo } from "./submit.ts";

export interface Typist {
  type(id: string, text: string): Promise<SubmitOutcome>;
}

interface TypistOptions {
  link: HostLink;
  agents: Agents;
  write(id: string, bytes: Uint8Array): void;
  /** False when the program has ended. */
  isLive(id: string): boolean;
  clock: Clock;
}

/** Texts that wait behind one that is being typed. */
const maxWaiting = 100;

export function createTypist({ link, agents, write, isLive, clock }: TypistOptions): Typist {
  const turns = new Map<string, { last: Promise<unknown>; waiting: number }>();
  const asks = (id: string): boolean => {
    const state = agents.get(id)?.status.state;
    return state === "waitingPermission" || state === "waitingInput";
  };
  const toWhom = (id: string): SubmitTo => {
    const record = agents.get(id);
    if (record?.kind !== "agent") return "program";
    return asks(id) ? "dialog" : "agent";
  };
  const typeNow = (id: string, text: string): Promise<SubmitOutcome> =>
    submit(id, text, toWhom(id), {
      link,
      write,
      confirmed(session, sinceMs) {
        if (!isLive(session)) return true;
        const status = agents.get(session)?.status;
        return status?.source === "hook" && status.state !== "idle" && status.sinceMs >= sinceMs;
      },
      asks,
      answered: (session, sinceMs) => !isLive(session) || agents.answered(session, sinceMs),
      nowMs: () => clock.now(),
      pause: (ms) => delay(ms),
    });
  return {
    type(id, text) {
      const turn = turns.get(id) ?? { last: Promise.resolve(), waiting: 0 };
      if (turn.waiting >= maxWaiting)
        throw new GantryError("resourceExhausted", `${maxWaiting} texts wait to be typed into this session. Nothing was typed.`);
      turns.set(id, turn);
      turn.waiting += 1;
      const typed = turn.last.then(() => {
        // What waited is not typed into a program that is gone.
        if (!isLive(id)) throw new GantryError("conflict", "The program ended before it could be typed. Nothing was typed.");
        return typeNow(id, text);
      });
      turn.last = typed
        .catch(() => undefined)
        .then(() => {
          turn.waiting -= 1;
          if (turn.waiting === 0) turns.delete(id);
        });
      return typed;
    },
  };
}
