/** Schemas that every room shares: ids, times, durations, names, and paged lists. */
import { z } from "zod";

export const Timestamp = z.iso.datetime({ precision: 3 }).meta({ description: "RFC 3339, UTC, milliseconds" });
export type Timestamp = z.infer<typeof Timestamp>;

export const DurationMs = z.int().min(0).max(31_536_000_000);

/** Prefixed ULIDs (https://github.com/ulid/spec): sortable by creation time, and the prefix tells what they name. */
const ulidPattern = "[0-9A-HJKMNP-TV-Z]{26}";
const prefixedId = (prefix: string) =>
  z.string().regex(new RegExp(`^${prefix}_${ulidPattern}$`), `must look like ${prefix}_ followed by a ULID`);
export const ExecutionId = prefixedId("exe");
export const SessionId = prefixedId("ses");
export const KeyId = prefixedId("key");
export const LoginId = prefixedId("lgn");
export const CallId = prefixedId("call");
export const ScheduleId = prefixedId("sch");
export const BatchId = prefixedId("bat");
export const PromptId = prefixedId("prm");

/** Names that people type: commands, sessions, providers, queues, instances. */
export const Name = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9](?:[A-Za-z0-9._:/-]*[A-Za-z0-9])?$/, "must be letters, digits, and . _ : / - inside");
/** `default` always exists; the others are configured as `[queue.<name>]`. */
export const QueueName = Name.max(64);
export const defaultQueue = "default";
export const InstanceName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, "must be 1-40 lower-case letters, digits, or hyphens");

/** The part of every list's input that pages it. `cursor` is opaque and comes from the previous page. */
export const pageInput = {
  limit: z.int().min(1).max(1000).default(50),
  cursor: z.string().max(512).optional(),
} as const;

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().optional() });
}

/** Text that a person wrote and another person reads; control characters are refused because it reaches terminals. */
export const DisplayText = z
  .string()
  .max(512)
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what this refuses
  .regex(/^[^\u0000-\u001f\u007f-\u009f]*$/, "must not contain control characters");

export const EnvironmentName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be a variable name");

/** What becomes part of a process: the system ends such a text at its first NUL, and would go on with what stands before it. */
export const ProcessText = z.string().refine((text) => !text.includes("\0"), "must not contain NUL characters");
export const Environment = z.record(EnvironmentName, ProcessText.max(131_072));
