/** Starts a session's program: the limits before it, and the failure of a program that ends at once. */
import { setTimeout as delay } from "node:timers/promises";

import { GantryError, type OpenSessionInput } from "@gantry/contract";

import type { Caller } from "../core/caller.ts";
import type { ChildExit, ChildSpec, HostLink } from "../host/link.ts";
import type { Held, LiveSessions } from "./live-sessions.ts";
import type { PreparedLaunch } from "./profiles/service.ts";

export interface OpeningLimits {
  max: number;
  maxPerKey?: number | undefined;
}

/** Refuses what would be one session too many, or one of a name that is taken. Those that are being opened count. */
export function checkRoom(held: LiveSessions, limits: OpeningLimits, input: OpenSessionInput, caller: Caller): void {
  const { name } = input;
  if (name !== undefined && held.live().some(({ row }) => row.name === name)) {
    throw new GantryError(
      "conflict",
      `A live session is already named ${name}. Attach to it, or choose another name. Nothing was started.`,
    );
  }
  const owners = held.live().map(({ row }) => row.owner);
  const full = (count: number, limit: string): GantryError =>
    new GantryError("resourceExhausted", `${count} sessions are open, which is the limit (${limit}). End one first: gantry sessions kill`, {
      retryable: false,
      details: { limit, count },
    });
  if (owners.length >= limits.max) throw full(limits.max, "sessions.max");
  const { maxPerKey } = limits;
  if (maxPerKey !== undefined && owners.filter((owner) => owner === caller.keyId).length >= maxPerKey) {
    throw full(maxPerKey, "sessions.maxPerKey for one key");
  }
}

/** Agents look for their service before they give up. */
const agentSettleMs = 2000;

/** How long to look for an early failure. */
export function settleOf({ settleMs }: OpenSessionInput, { profile }: PreparedLaunch): number {
  return settleMs > 0 && profile?.kind === "agent" ? Math.max(settleMs, agentSettleMs) : settleMs;
}

const shownLines = 20;
const shownCharacters = 4000;

/** Spawns, and watches for `settleMs`: a program that fails within it is an error with its last output. Resolves to its pid. */
export async function startProgram(
  link: HostLink,
  one: Held,
  spec: ChildSpec,
  settleMs: number,
  /** Settles when the program is known to be up: nothing more needs to be watched for. */
  up: Promise<void> | undefined,
): Promise<{ pid: number; exit: ChildExit | undefined }> {
  if (settleMs === 0) return { pid: (await link.spawn(spec)).pid, exit: undefined };
  const early = new Promise<ChildExit>((resolve) => (one.settling = resolve));
  const settled = new AbortController();
  try {
    const { pid } = await link.spawn(spec);
    // Its hooks may call while it is watched.
    one.row.pid = pid;
    const late = delay(settleMs, undefined, { signal: settled.signal }).catch(() => undefined);
    const exit = await Promise.race([early, late, ...(up === undefined ? [] : [up.then(() => undefined)])]);
    if (exit === undefined || exit.code === 0) return { pid, exit };
    throw await failure(link, spec, exit);
  } finally {
    settled.abort();
    one.settling = undefined;
  }
}

async function failure(link: HostLink, { id, argv }: ChildSpec, { code, signal }: ChildExit): Promise<EarlyFailure> {
  const screen = await link.screen(id, "text").catch(() => "");
  const output = screen.trimEnd().split("\n").slice(-shownLines).join("\n").slice(-shownCharacters);
  await link.forget(id).catch(() => undefined);
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
  const last = output === "" ? "It printed nothing." : `Its last output:\n${output}`;
  return new EarlyFailure(`${argv[0]} ended at once ${how}; no session is left of it. ${last}`, {
    sessionId: id,
    exitCode: code,
    signal,
    output,
  });
}

/** Carries what the session's row is to remember. */
export class EarlyFailure extends GantryError {
  readonly outcome: { sessionId: string; exitCode: number | null; signal: string | null; output: string };

  constructor(message: string, outcome: EarlyFailure["outcome"]) {
    super("cannotExecute", message, { details: outcome });
    this.outcome = outcome;
  }
}
