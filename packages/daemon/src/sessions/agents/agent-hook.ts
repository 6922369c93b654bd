/**
 * What an agent's hook runs: tells the daemon which hook it was, and leaves at once. `node agent-hook.ts <hook.json> <event>`.
 *
 * Prints nothing and never fails: an agent takes a hook's output as instructions, and its failure as a veto. Small on purpose: an agent
 * waits for it.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { connect } from "node:net";

import { encodeJsonFrame } from "@gantry/contract/frames";

interface HookFile {
  controlSocket: string;
  sessionId: string;
  secret: string;
  missed: string;
}

const [file = "", event = ""] = process.argv.slice(2);
const answerMs = 5000;

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

try {
  const { controlSocket, sessionId, secret, missed } = JSON.parse(readFileSync(file, "utf8")) as HookFile;
  const detail = detailOf(readInput());
  const startedMs = Math.floor(performance.timeOrigin);
  const call = { event, ...(detail === undefined ? {} : { detail }) };
  // Nobody is there, or does not answer: the next daemon reads it.
  const keep = (): void => {
    appendFileSync(missed, `${JSON.stringify({ ...call, timeMs: startedMs })}\n`, { mode: 0o600 });
    process.exit(0);
  };
  const socket = connect(controlSocket);
  socket.setTimeout(answerMs, () => keep());
  socket.on("error", () => keep());
  socket.on("data", () => process.exit(0));
  socket.on("close", () => keep());
  socket.on("connect", () => {
    const input = { id: sessionId, secret, pid: process.pid, startedMs, ...call };
    socket.write(encodeJsonFrame(1, { op: "sessions.reportAgent", input }));
  });
} catch {
  // The session has ended.
}
