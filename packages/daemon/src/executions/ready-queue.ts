/** What waits to be run: higher priority first, first come first served inside one priority, in lanes that can be blocked separately. */

export interface Waiting {
  /** Sorts by time of creation. */
  readonly id: string;
  readonly priority: number;
  readonly lane: string;
}

export interface ReadyQueue<Item extends Waiting> {
  readonly size: number;
  push(item: Item): void;
  /** True when it was there. */
  remove(item: Item): boolean;
  /** The next item whose lane is not blocked; stays in the queue. */
  peek(blocked: ReadonlySet<string>): Item | undefined;
  /** The next item of a lane. */
  first(lane: string): Item | undefined;
}

export function createReadyQueue<Item extends Waiting>(): ReadyQueue<Item> {
  const lanes = new Map<string, Item[]>();
  let size = 0;

  const comesBefore = (one: Item, other: Item) => one.priority > other.priority || (one.priority === other.priority && one.id < other.id);

  /** The place of an item in a sorted lane: nearly always its end, so it is searched from there by halves. */
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
      lane.splice(index, 1);
      if (lane.length === 0) lanes.delete(item.lane);
      size -= 1;
      return true;
    },
    peek(blocked) {
      let first: Item | undefined;
      for (const [name, lane] of lanes) {
        const head = lane[0] as Item;
        if (!blocked.has(name) && (first === undefined || comesBefore(head, first))) first = head;
      }
      return first;
    },
    first: (lane) => lanes.get(lane)?.[0],
  };
}
