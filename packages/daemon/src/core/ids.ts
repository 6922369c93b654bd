/** Makes ids: a prefix that tells the kind and a ULID that sorts by creation time. */
import { monotonicFactory } from "ulid";

const next = monotonicFactory();

export type IdPrefix = "exe" | "ses" | "key" | "call" | "prv";

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
