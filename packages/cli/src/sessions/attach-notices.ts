/** What `gantry attach` has to say itself: one line at a time, which is erased when it was read or somebody types. */
export interface Notices {
  readonly showing: boolean;
  tell(text: string, keptMs?: number): void;
  /** It is in the way. */
  clear(): void;
  /** The screen was drawn anew over it. */
  repaint(): void;
  /** It is over. */
  forget(): void;
}

interface NoticesOptions {
  show(text: string): void;
  erase(): void;
}

const usualMs = 4000;

export function createNotices({ show, erase }: NoticesOptions): Notices {
  let showing = false;
  let shown = "";
  let timer: NodeJS.Timeout | undefined;
  const notices: Notices = {
    get showing() {
      return showing;
    },
    tell(text, keptMs = usualMs) {
      clearTimeout(timer);
      show(text);
      shown = text;
      showing = true;
      timer = setTimeout(() => notices.clear(), keptMs).unref();
    },
    clear() {
      if (!showing) return;
      notices.forget();
      erase();
    },
    repaint() {
      if (showing) show(shown);
    },
    forget() {
      clearTimeout(timer);
      showing = false;
    },
  };
  return notices;
}
