/** Opens attachments: what a client asks for, whether it may, and what joins it with its session. */
import { AttachSessionInput, GantryError, type Typed } from "@gantry/contract";
import { SessionSignal, sessionSignals } from "@gantry/contract/session-json";

import { type Caller, requirePermission } from "../core/caller.ts";
import type { Clock } from "../core/clock.ts";
import type { OpenDuplex } from "../core/duplex.ts";
import type { HostLink } from "../host/link.ts";
import { openAttachment } from "./attachment.ts";
import type { Held, LiveSessions } from "./live-sessions.ts";
import type { SessionRow } from "./store.ts";
import { describeEnd } from "./views.ts";

interface AttachOptions {
  held: LiveSessions;
  link: HostLink;
  clock: Clock;
  find(ref: string, caller: Caller): Promise<SessionRow>;
  write(one: Held, bytes: Uint8Array): void;
  type(one: Held, text: string, enter: boolean): Promise<Typed>;
  interrupt(one: Held): Promise<void>;
}

export function createAttach({ held, link, clock, find, write, type, interrupt }: AttachOptions): OpenDuplex {
  let nextAttachment = 1;

  return async (duplex, rawInput, caller) => {
    const parsed = AttachSessionInput.safeParse(rawInput);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new GantryError(
        "invalidArgument",
        `${issue?.path.join(".") ?? "the input"}: ${issue?.message ?? "not understood"}. Nothing was attached.`,
      );
    }
    requirePermission(caller, "sessions.read", "attach to a session");
    const { id: ref, since, cols, rows, control } = parsed.data;
    const row = await find(ref, caller);
    const one = held.get(row.id);
    if (one === undefined)
      throw new GantryError("notFound", `Session ${row.name ?? row.id} has ended (${describeEnd(row)}), and its screen is no longer kept.`);
    const attachmentId = `att_${nextAttachment}`;
    nextAttachment += 1;
    openAttachment({
      duplex,
      viewers: one.viewers,
      attachmentId,
      owner: caller.keyId,
      readOnly: parsed.data.readOnly || !caller.permissions.has("sessions.control"),
      takeControl: control,
      size: cols === undefined || rows === undefined ? undefined : { cols, rows },
      since,
      follow: (options, { output, snapshot, exit }) =>
        link.follow(row.id, options, {
          output,
          snapshot,
          exit: ({ code, signal, reason }) => exit({ state: "exited", exitCode: code, signal, reason }),
          lost: () => exit({ state: "lost", exitCode: null, signal: null, reason: "lost" }),
        }),
      attached: () => ({
        sessionId: row.id,
        ...(row.name === null ? {} : { name: row.name }),
        mode: row.mode,
        state: row.state,
        cols: row.cols,
        rows: row.rows,
        offset: row.outputBytes,
        readOnly: false,
        controller: false,
      }),
      input: (bytes) => write(one, bytes),
      command: (content) => type(one, content, true),
      interrupt: () => interrupt(one),
      signal: (name) => link.signal(row.id, signalNamed(name)),
      endInput: () => link.closeInput(row.id),
      resize: (newCols, newRows) => void held.resize(one, newCols, newRows),
      nowMs: () => clock.now(),
    });
  };
}

function signalNamed(name: string): NodeJS.Signals {
  const parsed = SessionSignal.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new GantryError("invalidArgument", `There is no signal ${JSON.stringify(name)} to send; there are ${sessionSignals.join(", ")}.`);
}
