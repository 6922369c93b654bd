/** Makes ids: a prefix that tells the kind and a ULID that sorts by creation time. */
import { monotonicFactory } from "ulid";

/** Drawn in bulk: an id takes sixteen numbers, and each would be a call of its own into the operating system's generator. */
const drawn = new Uint8Array(4096);
let used = drawn.length;

/** At least 0 and below 1, in steps fine enough for the 32 letters of an id. */
function random(): number {
  if (used === drawn.length) {
    crypto.getRandomValues(drawn);
    used = 0;
  }
  return (drawn[used++] as number) / 256;
}

const next = monotonicFactory(random);

export type IdPrefix = "exe" | "ses" | "key" | "call" | "prv" | "sch" | "bat" | "prm" | "lgn";

/** For example `exe_01JD…`; ids made in one process rise strictly. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${next()}`;
}

const requestPrefix = `req_${next()}`;
let requests = 0;

/** Unique like an id but cheap: every request has one, and it is only ever looked up in a log. */
export function newRequestId(): string {
  requests += 1;
  return `${requestPrefix}-${requests}`;
}
