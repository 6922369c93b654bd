/** Plays a recording in a terminal: a clock that can be paused, moved, and hastened, and a painter. Own, because asciinema's needs WebAssembly, which the policy forbids. */
import type { Cast } from "@gantry/contract/cast";
import type { Terminal } from "@xterm/xterm";

import { type CastTimes, castTimes, eventsShown, movePosition } from "./cast-times.ts";

export interface CastState {
  playing: boolean;
  positionMs: number;
  totalMs: number;
}

export interface CastPlayer {
  play(): void;
  pause(): void;
  seek(positionMs: number): void;
  setSpeed(speed: number): void;
  setIdleLimit(idleLimitMs: number): void;
  dispose(): void;
}

/** Between two looks at whether the position has been moved. */
const pieceLength = 256 * 1024;

/** `onResize` is told after the terminal has taken a size of the recording; `onState` at most once a frame while it plays. */
export function createCastPlayer(
  { cols, rows, events }: Cast,
  terminal: Terminal,
  { onState, onResize }: { onState(state: CastState): void; onResize(): void },
): CastPlayer {
  let times: CastTimes = castTimes(events, Number.POSITIVE_INFINITY);
  let positionMs = 0;
  let speed = 1;
  let frame: number | undefined;
  let lastMs = 0;
  let shown = 0;
  let painting = false;
  let disposed = false;

  const tell = () => onState({ playing: frame !== undefined, positionMs, totalMs: times.totalMs });
  const setSize = (newCols: number, newRows: number) => {
    terminal.resize(newCols, newRows);
    onResize();
  };
  const write = (data: string) => new Promise<void>((resolve) => terminal.write(data, resolve));

  const wanted = () => (disposed ? shown : eventsShown(times, positionMs));

  /** One at a time; follows the position even when that moves while it paints. */
  const paint = async () => {
    if (painting) return;
    painting = true;
    for (let target = wanted(); shown !== target; target = wanted()) {
      if (target < shown) {
        shown = 0;
        terminal.reset();
        setSize(cols, rows);
      }
      let data = "";
      while (shown < target && data.length < pieceLength && events[shown]?.code !== "r") {
        const event = events[shown];
        if (event?.code === "o") data += event.data;
        shown += 1;
      }
      if (data !== "") {
        // A size counts for what comes after it: everything before must have been painted.
        await write(data);
      } else if (shown < target) {
        const [newCols, newRows] = (events[shown]?.data ?? "").split("x").map(Number);
        shown += 1;
        if (newCols !== undefined && newRows !== undefined && newCols > 0 && newRows > 0) setSize(newCols, newRows);
      }
    }
    painting = false;
  };
  const moveTo = (next: number) => {
    positionMs = Math.max(0, Math.min(times.totalMs, next));
    void paint();
    tell();
  };
  const pause = () => {
    if (frame !== undefined) cancelAnimationFrame(frame);
    frame = undefined;
    tell();
  };
  const tick = (nowMs: number) => {
    const next = positionMs + Math.max(0, nowMs - lastMs) * speed;
    lastMs = nowMs;
    frame = next < times.totalMs ? requestAnimationFrame(tick) : undefined;
    moveTo(next);
  };

  setSize(cols, rows);
  moveTo(0);
  return {
    play() {
      if (frame !== undefined) return;
      if (positionMs >= times.totalMs) moveTo(0);
      lastMs = performance.now();
      frame = requestAnimationFrame(tick);
      tell();
    },
    pause,
    seek: moveTo,
    setSpeed(next) {
      speed = next;
    },
    setIdleLimit(idleLimitMs) {
      const next = castTimes(events, idleLimitMs);
      const moved = movePosition(times, next, positionMs);
      times = next;
      moveTo(moved);
    },
    dispose() {
      disposed = true;
      if (frame !== undefined) cancelAnimationFrame(frame);
    },
  };
}
