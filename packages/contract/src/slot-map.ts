/** A map for what comes and goes thousands of times a second. */

/**
 * V8 links every table that a Map or Set has outgrown to the next one. When the garbage collector has moved one of them to the old objects, it keeps
 * all later ones, and whatever they ever held, until its next full run: with executions that took a fifth of the daemon's time. This map
 * holds nothing but numbers; the values lie in places that are used again.
 */
export class SlotMap<Key extends string | number, Value> {
  readonly #slotOf = new Map<Key, number>();
  readonly #slots: (Value | undefined)[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#slotOf.size;
  }

  has(key: Key): boolean {
    return this.#slotOf.has(key);
  }

  get(key: Key): Value | undefined {
    const slot = this.#slotOf.get(key);
    return slot === undefined ? undefined : this.#slots[slot];
  }

  set(key: Key, value: Value): void {
    let slot = this.#slotOf.get(key);
    if (slot === undefined) {
      slot = this.#free.pop() ?? this.#slots.length;
      this.#slotOf.set(key, slot);
    }
    this.#slots[slot] = value;
  }

  /** True when it was there. */
  delete(key: Key): boolean {
    const slot = this.#slotOf.get(key);
    if (slot === undefined) return false;
    this.#slotOf.delete(key);
    this.#slots[slot] = undefined;
    this.#free.push(slot);
    return true;
  }

  clear(): void {
    for (const key of this.#slotOf.keys()) this.delete(key);
  }

  /** In the order in which they came; one that is taken out meanwhile does not come any more. */
  *values(): Generator<Value> {
    for (const slot of this.#slotOf.values()) yield this.#slots[slot] as Value;
  }
}
