/** The input stream of a call: what its caller sends on, in order and within the credit that the provider grants. */
import { providerPayloadLimitBytes, streamCreditChunks } from "@gantry/contract";
import { approximateBytes } from "@gantry/contract/json-weight";

export interface CallInput {
  /** Position of the next item from the caller. */
  next: number;
  /** How far the caller may go; raised by what the provider takes. */
  granted: number;
  /** Items that came before an instance was found. */
  held: unknown[];
  heldBytes: number;
  isEnded: boolean;
}

/** What a call may hold here while it waits for a slot. */
const maxHeldBytes = providerPayloadLimitBytes;

export function createCallInput(): CallInput {
  return { next: 0, granted: streamCreditChunks, held: [], heldBytes: 0, isEnded: false };
}

/** Notes items at a position; returns what is wrong with them, or undefined when they may be passed on. */
export function noteInput(input: CallInput, seq: unknown, items: unknown): string | undefined {
  if (input.isEnded) return "it had said that its input was complete";
  if (!Array.isArray(items)) return "a chunk without data";
  if (seq !== input.next) return `chunk ${String(seq)} came where ${input.next} was due`;
  if (input.next + items.length > input.granted) return `it sent more than its credit of ${input.granted} chunks`;
  input.next += items.length;
  return undefined;
}

/** Keeps items of a call that waits; false when they are too much. */
export function holdInput(input: CallInput, items: unknown[]): boolean {
  for (const item of items) input.heldBytes += approximateBytes(item, maxHeldBytes);
  input.held.push(...items);
  return input.heldBytes <= maxHeldBytes;
}
