/** Makes ids: a prefix that tells the kind and a ULID that sorts by creation time. */
import { monotonicFactory } from "ulid";

const next = monotonicFactory();

export type IdPrefix = "exe" | "ses" | "key" | "call" | "prv" | "req";

/** For example `exe_01JD…`; ids made in one process rise strictly. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${next()}`;
}
