/** Joins a screen with an attachment: what comes is painted and acknowledged, what is typed is sent, sizes follow the controller. */
import type { ServerMessage, SessionBroadcast, SessionExit, SessionProblem } from "@gantry/contract/session-protocol";
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

import { useAccess } from "../access/access.tsx";
import { type Attachment, type AttachmentState, openAttachment } from "./attachment.ts";
import { fontSizePx, openScreen, type Screen } from "./screen.ts";
import { fitFont } from "./fit-font.ts";

export interface TerminalStatus {
  connection: AttachmentState;
  problem: SessionProblem | undefined;
  controller: boolean;
  readOnly: boolean;
  viewers: number;
  cols: number;
  rows: number;
  notice: SessionBroadcast | undefined;
  exit: SessionExit | undefined;
}

export interface TerminalHandle {
  status: TerminalStatus;
  screen: RefObject<Screen | undefined>;
  takeControl(): void;
  type(text: string): void;
  focus(): void;
}

const resizePauseMs = 80;
/** Long enough to be read by somebody who looked away. */
const noticeMs = 20_000;
const encoder = new TextEncoder();

export function useTerminal(
  element: RefObject<HTMLElement | null>,
  sessionId: string,
  onKey: (event: KeyboardEvent) => boolean,
  /** False while its place on the page is not known yet. */
  ready: boolean,
): TerminalHandle {
  const { credential } = useAccess();
  const [status, setStatus] = useState<TerminalStatus>(unknown);
  const screen = useRef<Screen>(undefined);
  const attachment = useRef<Attachment>(undefined);
  const fill = useRef<() => void>(() => undefined);

  useEffect(() => {
    if (!ready) return () => undefined;
    const box = element.current as HTMLElement;
    const made = openScreen(box, getComputedStyle(document.documentElement).getPropertyValue("--mantine-font-family-monospace"));
    const { terminal } = made;
    screen.current = made;
    let controller = false;
    /** Offset behind the last byte given to the terminal. */
    let given: number | undefined;
    let noticeOver: ReturnType<typeof setTimeout> | undefined;
    const update = (next: Partial<TerminalStatus>) => setStatus((before) => ({ ...before, ...next }));

    const take = (message: ServerMessage) => {
      switch (message.type) {
        case "attached": {
          const { cols, rows, readOnly } = message.value;
          controller = message.value.controller;
          update({ controller, readOnly, cols, rows });
          // Without a terminal in between, nobody turns the program's line ends into what a screen needs.
          terminal.options.convertEol = message.value.mode === "pipe";
          terminal.resize(cols, rows);
          fillIt();
          return;
        }
        case "snapshot":
          given = message.offset;
          terminal.reset();
          terminal.resize(message.cols, message.rows);
          update({ cols: message.cols, rows: message.rows });
          paint(message.data, message.offset);
          if (!controller) fitFont(terminal, box, fontSizePx);
          return;
        case "output": {
          const end = message.offset + message.data.length;
          // After a reconnect the daemon may send a little that is on the screen already.
          const known = given === undefined ? 0 : Math.max(0, given - message.offset);
          if (known >= message.data.length && known > 0) return;
          given = end;
          paint(message.data.subarray(known), end);
          return;
        }
        case "resized":
          terminal.resize(message.cols, message.rows);
          update({ cols: message.cols, rows: message.rows });
          if (!controller) fitFont(terminal, box, fontSizePx);
          return;
        case "status": {
          const had = controller;
          ({ controller } = message.value);
          update({ controller, viewers: message.value.viewers });
          if (controller !== had) fillIt();
          return;
        }
        case "broadcast":
          clearTimeout(noticeOver);
          noticeOver = setTimeout(() => update({ notice: undefined }), noticeMs);
          return update({ notice: message.value });
        case "exit":
          return update({ exit: message.value });
        case "error":
          return update({ problem: message.value });
        default:
      }
    };
    const paint = (data: Uint8Array, end: number) => terminal.write(data, () => attachment.current?.shown(end));

    /** The controller's window decides the size; a viewer makes the letters small enough to see all of it. */
    const fillIt = () => {
      if (!controller) return fitFont(terminal, box, fontSizePx);
      terminal.options.fontSize = fontSizePx;
      const size = made.fittingSize();
      if (size === undefined || (size.cols === terminal.cols && size.rows === terminal.rows)) return;
      terminal.resize(size.cols, size.rows);
      attachment.current?.resize(size.cols, size.rows);
      update(size);
    };
    fill.current = fillIt;

    const link = openAttachment({
      origin: location.origin.replace(/^http/, "ws"),
      sessionId,
      credential,
      size: () => made.fittingSize(),
      onMessage: take,
      onState: (connection, problem) =>
        update({ connection, ...(connection === "open" ? { problem: undefined } : problem === undefined ? {} : { problem }) }),
    });
    attachment.current = link;

    terminal.onData((text) => link.input(encoder.encode(text)));
    // Mouse reports of the old kind are bytes, not text.
    terminal.onBinary((text) => link.input(Uint8Array.from(text, (character) => character.codePointAt(0) as number)));
    terminal.attachCustomKeyEventHandler((event) => onKey(event));

    let pause: ReturnType<typeof setTimeout> | undefined;
    const observer = new ResizeObserver(() => {
      clearTimeout(pause);
      pause = setTimeout(fillIt, resizePauseMs);
    });
    observer.observe(box);
    return () => {
      clearTimeout(pause);
      clearTimeout(noticeOver);
      observer.disconnect();
      link.close();
      made.dispose();
      screen.current = undefined;
      attachment.current = undefined;
      setStatus(unknown);
    };
  }, [element, sessionId, credential, onKey, ready]);

  const takeControl = useCallback(() => {
    const size = screen.current?.fittingSize();
    // The size first: control brings it into force at once.
    if (size !== undefined) attachment.current?.resize(size.cols, size.rows);
    attachment.current?.control(true);
    screen.current?.terminal.focus();
  }, []);
  const type = useCallback((text: string) => {
    attachment.current?.input(encoder.encode(text));
    screen.current?.terminal.focus();
  }, []);
  const focus = useCallback(() => screen.current?.terminal.focus(), []);
  return { status, screen, takeControl, type, focus };
}

const unknown: TerminalStatus = {
  connection: "connecting",
  problem: undefined,
  controller: false,
  readOnly: false,
  viewers: 0,
  cols: 0,
  rows: 0,
  notice: undefined,
  exit: undefined,
};
