/** Everybody attached to one session: who has control, whose size counts, and what each is told. */
import { encodeServerMessage, type ServerMessage, type SessionExit, type SessionStatus } from "@gantry/contract/session-protocol";

export interface Viewer {
  readonly attachmentId: string;
  readonly owner: string;
  readonly readOnly: boolean;
  readonly attachedAtMs: number;
  /** The size of its window, once it has told. */
  size: { cols: number; rows: number } | undefined;
  send(message: Uint8Array): void;
  /** Tells the end and closes. */
  end(exit: SessionExit): void;
}

export interface ViewersOptions {
  resize(cols: number, rows: number): void;
  /** For status messages. */
  status(): Pick<SessionStatus, "state" | "title">;
  changed(): void;
}

export interface Viewers {
  readonly count: number;
  readonly controller: Viewer | undefined;
  all(): Viewer[];
  /** `take`: control moves to it even from another. Control that nobody has is given to the first who may have it. */
  add(viewer: Viewer, take: boolean): void;
  remove(viewer: Viewer): void;
  /** False when that attachment is not there or may not have control. */
  giveControl(attachmentId: string | null): boolean;
  broadcast(message: ServerMessage): void;
  /** To all, or to the one that asked. */
  tellStatus(one?: Viewer): void;
}

// A thousand viewers that come one after another would cost half a million messages if each were told of each.
const crowd = 8;
const crowdMs = 250;

export function createViewers(options: ViewersOptions): Viewers {
  const viewers = new Set<Viewer>();
  let controller: Viewer | undefined;
  let crowdTimer: NodeJS.Timeout | undefined;

  const give = (viewer: Viewer | undefined): void => {
    const before = controller;
    controller = viewer;
    if (viewer?.size !== undefined) options.resize(viewer.size.cols, viewer.size.rows);
    tellCount();
    // Whom it concerns hears it at once, however many there are.
    if (viewers.size > crowd) for (const one of [before, viewer]) if (one !== undefined && viewers.has(one)) tellStatus(one);
  };
  const tellCount = (): void => {
    if (viewers.size <= crowd) return tellStatus();
    crowdTimer ??= setTimeout(() => {
      crowdTimer = undefined;
      tellStatus();
    }, crowdMs).unref();
  };
  const tellStatus = (one?: Viewer): void => {
    const facts = { ...options.status(), viewers: viewers.size };
    // Two texts for all: one for the controller, one for the others.
    const [own, others] = [true, false].map((has) => encodeServerMessage({ type: "status", value: { ...facts, controller: has } }));
    for (const viewer of one === undefined ? viewers : [one]) viewer.send((viewer === controller ? own : others) as Uint8Array);
  };
  return {
    get count() {
      return viewers.size;
    },
    get controller() {
      return controller;
    },
    all: () => [...viewers],
    add(viewer, take) {
      viewers.add(viewer);
      if (!viewer.readOnly && (take || controller === undefined)) give(viewer);
      else tellCount();
      options.changed();
    },
    remove(viewer) {
      if (!viewers.delete(viewer)) return;
      if (controller === viewer) give([...viewers].reverse().find(({ readOnly }) => !readOnly));
      else tellCount();
      options.changed();
    },
    giveControl(attachmentId) {
      const viewer = [...viewers].find((one) => one.attachmentId === attachmentId);
      if (attachmentId !== null && (viewer === undefined || viewer.readOnly)) return false;
      if (viewer !== controller) give(viewer);
      return true;
    },
    broadcast(message) {
      const bytes = encodeServerMessage(message);
      for (const viewer of viewers) viewer.send(bytes);
    },
    tellStatus,
  };
}
