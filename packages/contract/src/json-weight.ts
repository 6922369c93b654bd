/** Weighs JSON values without writing them: cheap enough for every message. */

/** What a number, boolean, or null weighs about; also the quotes and separators around a member. */
const scalarBytes = 8;

/** Whoever writes JSON walks it with the stack of its process, which a value that nests deeper than any honest one overflows. */
export const maxJsonDepth = 500;

/**
 * A lower estimate of the JSON bytes of a value: characters instead of UTF-8 bytes, and no escapes. Infinite when it nests too deep to be written.
 * Stops walking once above `stopAt`, so that a hostile value costs no more than a large one.
 */
export function approximateBytes(value: unknown, stopAt: number): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return scalarBytes;
  // Depth first with an explicit stack: a deeply nested value must not overflow ours.
  const stack: unknown[] = [value];
  let bytes = 0;
  let containers = 0;
  while (stack.length > 0 && bytes <= stopAt) {
    const next = stack.pop();
    if (typeof next === "string") bytes += next.length + 2;
    else if (typeof next !== "object" || next === null) bytes += scalarBytes;
    else if (Array.isArray(next)) {
      containers += 1;
      bytes += 2 + next.length;
      for (const item of next) stack.push(item);
    } else {
      containers += 1;
      bytes += 2;
      for (const key in next) {
        bytes += key.length + 4;
        stack.push((next as Record<string, unknown>)[key]);
      }
    }
  }
  // So few cannot nest so deep.
  return containers > maxJsonDepth && nestsDeeper(value, maxJsonDepth) ? Number.POSITIVE_INFINITY : bytes;
}

function nestsDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => nestsDeeper(inner, levels - 1));
}

const encoder = new TextEncoder();

/** A UTF-16 unit is at most six bytes of JSON (`\u0000`), so below a sixth of the limit the estimate alone decides. */
const worstGrowth = 6;

/** True when the value's JSON is larger than the limit; exact, but written out only when the estimate comes near. */
export function exceedsBytes(value: unknown, limitBytes: number): boolean {
  const estimate = approximateBytes(value, limitBytes);
  if (estimate > limitBytes) return true;
  if (estimate * worstGrowth <= limitBytes) return false;
  return encoder.encode(JSON.stringify(value) ?? "").length > limitBytes;
}
