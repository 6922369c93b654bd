/** A TCP port as typed on the command line. */
import { GantryError } from "@gantry/contract/errors";

export function parsePort(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && number >= 1 && number <= 65_535) return number;
  throw new GantryError("invalidArgument", `--port is ${JSON.stringify(text)}: give a number from 1 to 65535.`);
}
