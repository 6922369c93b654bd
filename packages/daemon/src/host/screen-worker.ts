/** The thread that keeps the screens: parsing floods or hostile sequences must never delay another session's bytes. */
import { parentPort } from "node:worker_threads";

import type { ScreenFormat, ScreenSignal } from "./interface.ts";
import { createScreen, type Screen } from "./screen.ts";
import type { ScreenSize } from "./screens.ts";

export type ScreenRequest =
  | ({ type: "create"; number: number } & ScreenSize)
  | { type: "data"; number: number; bytes: Uint8Array }
  | { type: "resize"; number: number; cols: number; rows: number }
  | { type: "reset"; number: number }
  | { type: "snapshot"; number: number; request: number; scrollbackLines: number }
  | { type: "show"; number: number; request: number; format: ScreenFormat }
  | { type: "mark" | "transcript"; number: number; request: number; key: string }
  | { type: "dispose"; number: number };

export type ScreenReport =
  | { type: "ready" }
  | { type: "parsed"; number: number; bytes: number }
  | { type: "reply"; number: number; text: string }
  | { type: "title"; number: number; text: string }
  | { type: "signal"; number: number; signal: ScreenSignal }
  | { type: "settled"; number: number }
  | { type: "answer"; request: number; text: string };

const empty = new Uint8Array();

export function runScreenWorker(): void {
  const port = parentPort;
  if (port === null) throw new Error("the screen worker runs only as a worker thread");
  const screens = new Map<number, Screen>();
  const report = (message: ScreenReport): void => port.postMessage(message);
  port.on("message", (message: ScreenRequest) => {
    const { number } = message;
    if (message.type === "create") {
      const events = {
        reply: (text: string) => report({ type: "reply", number, text }),
        title: (text: string) => report({ type: "title", number, text }),
        signal: (signal: ScreenSignal) => report({ type: "signal", number, signal }),
        settled: () => report({ type: "settled", number }),
      };
      screens.set(number, createScreen(message, events));
      return;
    }
    const screen = screens.get(number);
    if (screen === undefined) {
      if ("request" in message) report({ type: "answer", request: message.request, text: "" });
      return;
    }
    switch (message.type) {
      case "data":
        screen.write(message.bytes, () => report({ type: "parsed", number, bytes: message.bytes.length }));
        break;
      // An empty write comes back when everything before it has been parsed.
      case "resize":
        screen.write(empty, () => screen.resize(message.cols, message.rows));
        break;
      case "reset":
        screen.write(empty, () => screen.reset());
        break;
      case "snapshot":
        screen.write(empty, () => report({ type: "answer", request: message.request, text: screen.snapshot(message.scrollbackLines) }));
        break;
      case "mark":
        screen.write(empty, () => {
          screen.mark(message.key);
          report({ type: "answer", request: message.request, text: "" });
        });
        break;
      case "transcript":
        screen.write(empty, () => report({ type: "answer", request: message.request, text: screen.transcript(message.key) }));
        break;
      case "show":
        screen.write(empty, () => report({ type: "answer", request: message.request, text: screen.show(message.format) }));
        break;
      default:
        screens.delete(number);
        screen.write(empty, () => screen.dispose());
    }
  });
  report({ type: "ready" });
}
