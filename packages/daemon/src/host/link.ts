/** The daemon's side of the process host: connects or starts it, follows its children, survives its absence. */
import { rmSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import { GantryError } from "@gantry/contract/errors";

import { createFollower, type Follower, parseOutput, type ReplayTicket } from "./follower.ts";
import type { ChildStatus, HostLink, HostLinkEvents, ScreenSnapshot } from "./interface.ts";
import { createLinkConnection, type LinkConnection } from "./link-connection.ts";
import { isAlive, type ProcessMark } from "./process-tree.ts";
import { hostFrames, hostProtocol, type HostNotice, type NumberedStatus } from "./protocol.ts";
import { createRecentOutput, type RecentOutput } from "./recent-output.ts";
import { recoverFrom } from "./recover.ts";
import { connectToHost, hostFiles, type HostPlace, startHost } from "./start-host.ts";

export type * from "./interface.ts";

export interface HostLinkOptions extends HostPlace {
  log: { info(facts: object, message: string): void; warn(facts: object, message: string): void };
}

// One piece of a replay: a viewer with a window of 1 MiB can take it whole.
const replayLimitBytes = 512 * 1024;
const firstRetryMs = 20;
const maxRetryMs = 1000;

interface KnownChild {
  number: number;
  ended: boolean;
  followers: Set<Follower>;
  recent: RecentOutput;
}

interface Connected {
  connection: LinkConnection;
  host: ProcessMark;
  version: string;
}

/** The link to one process host; fleet.ts makes one of several. */
export interface OneHostLink extends HostLink {
  /** undefined when no host is there. Rejects when there is one that cannot be talked to. */
  facts(): Promise<{ pid: number; version: string } | undefined>;
}

export function createHostLink(options: HostLinkOptions): OneHostLink {
  const { log } = options;
  const { socketPath, journalPath } = hostFiles(options);
  const listeners: { [Name in keyof HostLinkEvents]: Set<HostLinkEvents[Name]> } = {
    exit: new Set(),
    lost: new Set(),
    title: new Set(),
    inputDropped: new Set(),
    signal: new Set(),
  };
  const children = new Map<string, KnownChild>();
  const byNumber = new Map<number, KnownChild>();
  const replays = new Map<number, ReplayTicket>();
  const snapshots = new Map<number, (message: Uint8Array) => void>();
  /** Children of a host that is gone whose exit its journal told. */
  const recovered = new Map<string, ChildStatus>();
  let buried = false;
  let connected: Promise<Connected | undefined> | undefined;
  let current: Connected | undefined;
  let closing = false;

  const learn = (status: NumberedStatus): void => {
    const known = children.get(status.id);
    if (known !== undefined) {
      known.number = status.number;
      byNumber.set(status.number, known);
    } else {
      const child = { number: status.number, ended: false, followers: new Set<Follower>(), recent: createRecentOutput() };
      children.set(status.id, child);
      byNumber.set(status.number, child);
    }
    if (status.exit !== undefined) markEnded(status.id, status.exit);
  };
  const markEnded = (id: string, exit: NonNullable<ChildStatus["exit"]>): void => {
    const child = children.get(id);
    if (child === undefined || child.ended) return;
    child.ended = true;
    for (const follower of child.followers) follower.exit(exit);
    for (const listener of listeners.exit) listener(id, exit);
  };
  const markLost = (id: string): void => {
    const child = children.get(id);
    children.delete(id);
    if (child === undefined) return;
    byNumber.delete(child.number);
    for (const follower of child.followers) follower.lost();
    if (!child.ended) for (const listener of listeners.lost) listener(id);
  };

  const onFrame = (kind: number, channel: number, message: Uint8Array): void => {
    if (kind === hostFrames.replay) {
      replays.get(channel)?.message(message);
      snapshots.get(channel)?.(message);
      return;
    }
    const child = byNumber.get(channel);
    if (child === undefined || child.followers.size === 0) return;
    const { followers, recent } = child;
    const event = parseOutput(message);
    if (event !== undefined && "chunk" in event && followers.size > 1) recent.push(event.chunk);
    else recent.clear();
    if (event !== undefined) for (const follower of followers) follower.live(event);
  };
  const onNotice = (notice: HostNotice): void => {
    if (notice.event === "exit") {
      const child = children.get(notice.childId);
      // Before the reply to spawn: the reply will tell.
      if (child === undefined) return;
      if (child.ended) for (const follower of child.followers) follower.exit(notice.exit);
      else markEnded(notice.childId, notice.exit);
    } else if (notice.event === "title") for (const listener of listeners.title) listener(notice.childId, notice.title);
    else if (notice.event === "signal") for (const listener of listeners.signal) listener(notice.childId, notice.signal);
    else for (const listener of listeners.inputDropped) listener(notice.childId, notice.droppedBytes);
  };

  const greet = async (socket: NonNullable<Awaited<ReturnType<typeof connectToHost>>>): Promise<Connected> => {
    const connection = createLinkConnection(socket, { frame: onFrame, notice: onNotice, closed: () => onClosed(connection) });
    buried = false;
    const hello = await connection.request("hello", { protocol: hostProtocol });
    const present = new Set(hello.children.map(({ id }) => id));
    for (const id of children.keys()) if (!present.has(id)) markLost(id);
    byNumber.clear();
    for (const status of hello.children) learn(status);
    return { connection, host: { pid: hello.pid, startTime: hello.startTime }, version: hello.version };
  };
  /** The host is dead: its children are too, or are about to be. */
  const buryHost = (): void => {
    // Once for each death: what has been forgotten since must not come back from the journal.
    if (buried) return;
    buried = true;
    const { ended, lost, reaped } = recoverFrom(journalPath);
    for (const status of ended) {
      recovered.set(status.id, status);
      if (status.exit !== undefined) markEnded(status.id, status.exit);
      children.delete(status.id);
    }
    for (const id of children.keys()) markLost(id);
    if (lost.length > 0) log.warn({ children: lost.map(({ id }) => id) }, "the process host died; what it left running is ended");
    reaped.then(dropJournal, (error: unknown) => log.warn({ err: error }, "not everything that a dead process host left could be ended"));
  };
  /** When nothing in it is of use to a later daemon. */
  const dropJournal = (): void => {
    if (buried && recovered.size === 0) rmSync(journalPath, { force: true });
  };
  const onClosed = (connection: LinkConnection): void => {
    if (current?.connection !== connection) return;
    const { host } = current;
    current = undefined;
    connected = undefined;
    replays.clear();
    for (const { recent } of children.values()) recent.clear();
    if (closing) return;
    if (!isAlive(host)) return buryHost();
    log.warn({ pid: host.pid }, "the connection to the process host broke; reconnecting");
    void reconnect(host);
  };
  /** A host that is being killed may still take a connection that nobody will answer: what breaks again is tried until it holds or the host is dead. */
  const reconnect = async (host: ProcessMark): Promise<void> => {
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(waitMs * 2, maxRetryMs)) {
      if (closing) return;
      try {
        await reach(false);
        for (const { followers } of children.values()) {
          for (const follower of followers) follower.restart();
        }
        return;
      } catch (error) {
        if (!isAlive(host)) return buryHost();
        if (waitMs === firstRetryMs) log.warn({ err: error }, "the process host cannot be reached; trying again");
      }
      await delay(waitMs, undefined, { ref: false });
    }
  };
  const reach = (start: boolean): Promise<Connected | undefined> => {
    const attempt = async (): Promise<Connected | undefined> => {
      const socket = await connectToHost(socketPath);
      if (socket !== undefined) return greet(socket);
      buryHost();
      return start ? greet(await startHost(options)) : undefined;
    };
    if (connected === undefined) {
      const mine = attempt().then(
        (result) => {
          if (result === undefined) connected = undefined;
          else current = result;
          return result;
        },
        (error: unknown) => {
          connected = undefined;
          throw error;
        },
      );
      connected = mine;
      return mine;
    }
    return start ? connected.then((result) => result ?? reach(true)) : connected;
  };
  const absent = (id: string): GantryError =>
    new GantryError("notFound", `${id} is not running: its process host is gone or has forgotten it.`);
  /** The connection and number of a child that the host knows. */
  const locate = async (id: string): Promise<{ connection: LinkConnection; number: number }> => {
    const link = await reach(false);
    const child = children.get(id);
    if (link === undefined || child === undefined) throw absent(id);
    return { connection: link.connection, number: child.number };
  };
  const withoutNumber = ({ number: _number, ...status }: NumberedStatus): ChildStatus => status;

  return {
    async spawn(spec) {
      const link = await reach(true);
      if (link === undefined) throw new GantryError("unavailable", "The process host is not connected.");
      return new Promise((resolve, reject) => {
        link.connection.requestInOrder("spawn", { spec }, (status, error) => {
          if (status === undefined) return reject(error);
          resolve(withoutNumber(status));
          learn(status);
        });
      });
    },
    async list(listOptions) {
      const link = await reach(false);
      const running = link === undefined ? [] : await link.connection.request("list", { usage: listOptions?.usage });
      return [...recovered.values(), ...running.map(withoutNumber)];
    },
    write(id, bytes) {
      const child = children.get(id);
      if (child !== undefined) current?.connection.input(child.number, bytes);
    },
    closeInput(id) {
      const child = children.get(id);
      if (child !== undefined) current?.connection.command({ do: "closeInput", number: child.number });
    },
    resize(id, cols, rows) {
      const child = children.get(id);
      if (child !== undefined) current?.connection.command({ do: "resize", number: child.number, cols, rows });
    },
    async signal(id, signal) {
      const { connection, number } = await locate(id);
      await connection.request("signal", { number, signal });
    },
    async terminate(id, terminateOptions = {}) {
      const { connection, number } = await locate(id);
      return (await connection.request("terminate", { number, ...terminateOptions })).exit;
    },
    async snapshot(id) {
      const { connection, number } = await locate(id);
      return new Promise<ScreenSnapshot>((resolve, reject) => {
        let message: Uint8Array | undefined;
        const request = connection.requestInOrder("snapshot", { number }, (_result, error) => {
          snapshots.delete(request);
          const event = message === undefined ? undefined : parseOutput(message);
          if (event === undefined || !("snapshot" in event)) reject(error ?? absent(id));
          else resolve(event.snapshot);
        });
        snapshots.set(request, (bytes) => (message = bytes));
      });
    },
    async screen(id, format) {
      const { connection, number } = await locate(id);
      return (await connection.request("screen", { number, format })).text;
    },
    async mark(id, key) {
      const { connection, number } = await locate(id);
      await connection.request("mark", { number, key });
    },
    async transcript(id, key) {
      const { connection, number } = await locate(id);
      return (await connection.request("transcript", { number, key })).text;
    },
    follow(id, { since, scrollbackLines }, listener) {
      const ask = (from: number | undefined, ticket: ReplayTicket): void => {
        const child = children.get(id);
        if (current === undefined || child === undefined) {
          const exit = recovered.get(id)?.exit;
          return ticket.end(exit === undefined ? undefined : { offset: from ?? 0, live: true, exit });
        }
        const input = { number: child.number, since: from, limitBytes: replayLimitBytes, scrollbackLines };
        const request = current.connection.requestInOrder("replay", input, (result, error) => {
          replays.delete(request);
          // A broken connection is mended by onClosed, which starts the replay anew.
          if (error === undefined || error.code === "notFound") ticket.end(result);
        });
        replays.set(request, ticket);
      };
      // What has ended is asked for: its exit comes with the answer.
      const recent = (offset: number): ReturnType<RecentOutput["since"]> => {
        const child = children.get(id);
        return current === undefined || child === undefined || child.ended ? undefined : child.recent.since(offset);
      };
      const follower = createFollower(since, ask, recent, listener);
      const begin = (): void => {
        children.get(id)?.followers.add(follower);
        follower.start();
      };
      // Never calls back before it has returned.
      if (current === undefined) void reach(false).then(begin, () => follower.lost());
      else queueMicrotask(begin);
      return {
        pause: () => follower.pause(),
        resume: () => follower.start(),
        close() {
          follower.close();
          const child = children.get(id);
          if (child?.followers.delete(follower) === true && child.followers.size === 0) {
            current?.connection.command({ do: "unfollow", number: child.number });
          }
        },
      };
    },
    async forget(id) {
      if (recovered.delete(id)) return dropJournal();
      const { connection, number } = await locate(id);
      await connection.request("forget", { number });
      children.delete(id);
      byNumber.delete(number);
    },
    on(name, listener) {
      listeners[name].add(listener);
      return () => void listeners[name].delete(listener);
    },
    async facts() {
      const link = await reach(false);
      return link === undefined ? undefined : { pid: link.host.pid, version: link.version };
    },
    async close() {
      closing = true;
      const link = await connected?.catch(() => undefined);
      link?.connection.close();
    },
    async shutdown(graceMs) {
      const link = await reach(false);
      closing = true;
      await link?.connection.request("shutdown", { graceMs });
      await new Promise<void>((resolve) => {
        const poll = (): void => void (link === undefined || !isAlive(link.host) ? resolve() : setTimeout(poll, 20));
        poll();
      });
      link?.connection.close();
    },
  };
}
