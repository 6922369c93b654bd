/**
 * What an agent's hook runs: tells the daemon which hook it was, and leaves at once. `node agent-hook.ts <hook.json> <event>`.
 *
 * Prints nothing and never fails: an agent takes a hook's output as instructions, and its failure as a veto. Small on purpose: an agent
 * waits for it. What the daemon does not take within a second lies in the session's spool, from which it is read as soon as there is a daemon.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";

import { decodeJsonPayload, encodeJsonFrame, FrameDecoder } from "@gantry/contract/frames";

interface HookFile {
  controlSocket: string;
  sessionId: string;
  secret: string;
}

const [file = "", event = ""] = process.argv.slice(2);
/** An agent waits so long for a daemon that is there and does not answer, once: then its calls go to the spool until that has been read. */
const answerMs = 1000;
const spool = join(dirname(file), "spool");

function detailOf(input: string): string | undefined {
  try {
    const facts = JSON.parse(input) as Record<string, unknown>;
    const detail = facts.tool_name ?? facts.notification_type ?? facts.source;
    return typeof detail === "string" ? detail.slice(0, 256) : undefined;
  } catch {
    return undefined;
  }
}

function readInput(): string {
  try {
    return readFileSync(0, "utf8");
  } catch {
    return "";
  }
}

/** Calls before this one wait to be read: it must not overtake them. */
function isWaiting(): boolean {
  try {
    return readdirSync(spool).length > 0;
  } catch {
    return false;
  }
}

/** The session has ended, or refused the call for good. Anything else may be different later. */
function isFinal(reply: { error?: { code?: string } }): boolean {
  return reply.error === undefined || reply.error.code === "notFound" || reply.error.code === "conflict";
}

try {
  const { controlSocket, sessionId, secret } = JSON.parse(readFileSync(file, "utf8")) as HookFile;
  const detail = detailOf(readInput());
  const startedMs = Math.floor(performance.timeOrigin);
  const { pid } = process;
  const call = { pid, startedMs, event, ...(detail === undefined ? {} : { detail }) };
  const keep = (): void => {
    try {
      // Only below a session's folder that is still there.
      mkdirSync(spool, { mode: 0o700 });
    } catch {
      // It is there, or nothing is.
    }
    try {
      const name = join(spool, `${startedMs}-${pid}`);
      writeFileSync(`${name}.new`, JSON.stringify(call), { mode: 0o600 });
      // Whoever sees the name sees the whole call.
      renameSync(`${name}.new`, name);
    } catch {
      // The session has ended.
    }
    process.exit(0);
  };
  if (isWaiting()) keep();
  const decoder = new FrameDecoder();
  const socket = connect(controlSocket);
  setTimeout(keep, answerMs);
  socket.on("error", keep);
  socket.on("close", keep);
  socket.on("data", (bytes: Buffer) => {
    for (const { payload } of decoder.push(bytes)) {
      if (isFinal(decodeJsonPayload(payload) as Parameters<typeof isFinal>[0])) process.exit(0);
      keep();
    }
  });
  socket.on("connect", () => {
    socket.write(encodeJsonFrame(1, { op: "sessions.reportAgent", input: { id: sessionId, secret, ...call } }));
  });
} catch {
  // The session has ended.
}
