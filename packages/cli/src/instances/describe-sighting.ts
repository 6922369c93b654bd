/** Says in a sentence or two what an adopted server turned out to be. */
import type { ServerSighting } from "@gantry/contract";

import { plain } from "../output/plain.ts";

const sources = { health: "its health answer", pidFile: "its pid file", port: "the port it holds" };

export function describeSighting(name: string, { state, pid, pidSource, verified, command, doubt, health }: ServerSighting): string {
  if (state === "stopped") return `It does not run.${doubt === undefined ? "" : ` Beware: ${plain(doubt)}.`}`;
  const answer = health === undefined ? "but does not answer its health address" : `and answers with ${health.status}`;
  const who =
    pid === undefined || pidSource === undefined
      ? ""
      : ` Process ${pid}${command === undefined ? "" : ` (${plain(command)})`}, known from ${sources[pidSource]}.`;
  const stop = verified
    ? ` Stop it with: gantry stop --instance ${name}`
    : ` It cannot be signalled: ${plain(doubt ?? "its process is not known")}.`;
  return `It runs ${answer}.${who}${stop}`;
}
