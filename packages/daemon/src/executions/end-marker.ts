/** Finds the end of one execution's output in a stream that the next execution of the same worker will go on using. */

export interface MarkedStream {
  /** Gives the bytes on that belong to the execution. */
  push(chunk: Buffer): void;
  /** The stream closed: what was held back as a possible marker was output after all. */
  flush(): void;
  readonly ended: boolean;
}

/** Bytes after the marker are dropped: they come from something that outlived its execution. */
export function createMarkedStream(marker: Buffer, onData: (data: Buffer) => void, onEnd: () => void): MarkedStream {
  let held: Buffer = Buffer.alloc(0);
  let ended = false;
  const emit = (data: Buffer) => {
    if (data.length > 0) onData(data);
  };
  return {
    push(chunk) {
      if (ended) return;
      const data = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const at = data.indexOf(marker);
      if (at >= 0) {
        ended = true;
        held = Buffer.alloc(0);
        emit(data.subarray(0, at));
        onEnd();
        return;
      }
      const keep = possibleStart(data, marker);
      held = Buffer.from(data.subarray(data.length - keep));
      emit(data.subarray(0, data.length - keep));
    },
    flush() {
      if (ended) return;
      ended = true;
      emit(held);
      onEnd();
    },
    get ended() {
      return ended;
    },
  };
}

/** The length of the longest end of `data` that a marker could begin with. */
function possibleStart(data: Buffer, marker: Buffer): number {
  for (let length = Math.min(marker.length - 1, data.length); length > 0; length -= 1) {
    if (data.subarray(data.length - length).equals(marker.subarray(0, length))) return length;
  }
  return 0;
}
