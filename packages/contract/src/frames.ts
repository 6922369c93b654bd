/**
 * The frame format of every local socket (control socket and process host): a 9-byte header, then the payload.
 *
 *     u32 payload length (big endian) · u8 kind · u32 channel · payload
 *
 * Kind 0 carries UTF-8 JSON; every other kind carries raw bytes whose meaning belongs to the protocol above.
 */

export const frameHeaderBytes = 9;
export const jsonFrame = 0;

/** Above this a peer is broken or hostile: a screen snapshot of 1,000 wide lines is well below. */
export const maxFramePayloadBytes = 32 * 1024 * 1024;

export interface Frame {
  kind: number;
  channel: number;
  payload: Uint8Array;
}

export class FrameError extends Error {
  override name = "FrameError";
}

export function encodeFrame(kind: number, channel: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(frameHeaderBytes + payload.length);
  writeFrameHeader(frame, kind, channel, payload.length);
  frame.set(payload, frameHeaderBytes);
  return frame;
}

/** Only the header, for writers that cork a socket and pass the payload on without a copy. */
export function encodeFrameHeader(kind: number, channel: number, payloadBytes: number): Uint8Array {
  const header = new Uint8Array(frameHeaderBytes);
  writeFrameHeader(header, kind, channel, payloadBytes);
  return header;
}

/** For writers that put the payload into the same buffer. */
export function writeFrameHeader(target: Uint8Array, kind: number, channel: number, payloadBytes: number): void {
  const view = new DataView(target.buffer, target.byteOffset);
  view.setUint32(0, payloadBytes);
  view.setUint8(4, kind);
  view.setUint32(5, channel);
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeJsonFrame(channel: number, value: unknown): Uint8Array {
  return encodeFrame(jsonFrame, channel, encoder.encode(JSON.stringify(value)));
}

/** The JSON of a kind-0 frame; a syntax error is a FrameError because the peer broke the protocol. */
export function decodeJsonPayload(payload: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(payload));
  } catch (cause) {
    throw new FrameError("a JSON frame does not hold JSON", { cause });
  }
}

/** Cuts a byte stream into frames, whatever the boundaries of its chunks. Throws FrameError on an over-long frame. */
export class FrameDecoder {
  #chunks: Uint8Array[] = [];
  #buffered = 0;
  readonly #maxPayloadBytes: number;

  constructor(maxPayloadBytes = maxFramePayloadBytes) {
    this.#maxPayloadBytes = maxPayloadBytes;
  }

  /** Bytes held back because their frame is not complete yet. */
  get bufferedBytes(): number {
    return this.#buffered;
  }

  push(chunk: Uint8Array): Frame[] {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    const frames: Frame[] = [];
    for (;;) {
      if (this.#buffered < frameHeaderBytes) return frames;
      const head = this.#peek(frameHeaderBytes);
      const view = new DataView(head.buffer, head.byteOffset);
      const length = view.getUint32(0);
      if (length > this.#maxPayloadBytes) {
        throw new FrameError(`a frame of ${length} bytes is over the limit of ${this.#maxPayloadBytes}`);
      }
      if (this.#buffered < frameHeaderBytes + length) return frames;
      const whole = this.#take(frameHeaderBytes + length);
      frames.push({ kind: view.getUint8(4), channel: view.getUint32(5), payload: whole.subarray(frameHeaderBytes) });
    }
  }

  #peek(count: number): Uint8Array {
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= count) return first;
    return this.#merge(count, false);
  }

  #take(count: number): Uint8Array {
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= count) {
      if (first.length === count) this.#chunks.shift();
      else this.#chunks[0] = first.subarray(count);
      this.#buffered -= count;
      return first.subarray(0, count);
    }
    return this.#merge(count, true);
  }

  #merge(count: number, consume: boolean): Uint8Array {
    const merged = new Uint8Array(count);
    let filled = 0;
    let index = 0;
    while (filled < count) {
      const chunk = this.#chunks[index] as Uint8Array;
      const part = chunk.subarray(0, count - filled);
      merged.set(part, filled);
      filled += part.length;
      if (consume) {
        if (part.length === chunk.length) this.#chunks.shift();
        else this.#chunks[0] = chunk.subarray(part.length);
      } else index += 1;
    }
    if (consume) this.#buffered -= count;
    return merged;
  }
}
