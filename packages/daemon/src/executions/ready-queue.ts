/** What waits to be run: higher priority first, first come first served inside one priority, in lanes that can be blocked separately. */

export interface Waiting {
  /** Sorts by time of creation. */
  readonly id: string;
  readonly priority: number;
  /** Whatever holds up one of a lane holds up all of it. */
  readonly lane: string;
}

export interface ReadyQueue<Item extends Waiting> {
  readonly size: number;
  push(item: Item): void;
  /** True when it was there. */
  remove(item: Item): boolean;
  /** The next item of those lanes whose first is not blocked; stays in the queue. */
  peek(isBlocked: (first: Item) => boolean): Item | undefined;
  has(lane: string): boolean;
  /** In no order. */
  items(): IterableIterator<Item>;
}

export function createReadyQueue<Item extends Waiting>(): ReadyQueue<Item> {
  const lanes = new Map<string, Item[]>();
  let size = 0;

  const comesBefore = (one: Item, other: Item) => one.priority > other.priority || (one.priority === other.priority && one.id < other.id);

  /** The place of an item in a sorted lane, found by halves. */
  const placeOf = (lane: Item[], item: Item) => {
    let low = 0;
    let high = lane.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comesBefore(lane[middle] as Item, item)) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    get size() {
      return size;
    },
    push(item) {
      const lane = lanes.get(item.lane) ?? [];
      lanes.set(item.lane, lane);
      lane.splice(placeOf(lane, item), 0, item);
      size += 1;
    },
    remove(item) {
      const lane = lanes.get(item.lane);
      if (lane === undefined) return false;
      const index = placeOf(lane, item);
      if (lane[index] !== item) return false;
      // The usual case by far, and the one that costs nothing however long the lane is.
      if (index === 0) lane.shift();
      else lane.splice(index, 1);
      if (lane.length === 0) lanes.delete(item.lane);
      size -= 1;
      return true;
    },
    peek(isBlocked) {
      let first: Item | undefined;
      for (const lane of lanes.values()) {
        const head = lane[0] as Item;
        if ((first === undefined || comesBefore(head, first)) && !isBlocked(head)) first = head;
      }
      return first;
    },
    has: (lane) => lanes.has(lane),
    *items() {
      for (const lane of lanes.values()) yield* lane;
    },
  };
}
