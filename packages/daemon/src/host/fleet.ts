/**
 * The process hosts of one instance as one: a host takes about thirty children, then another is started, so that the death of one
 * takes few with it. A host of another version keeps its children to their end and gets no new ones.
 */
import { rmSync } from "node:fs";

import { GantryError } from "@gantry/contract/errors";

import type { ChildStatus, Follow, HostLink, HostLinkEvents } from "./interface.ts";
import { readJournal } from "./journal.ts";
import { createHostLink, type HostLinkOptions, type OneHostLink } from "./link.ts";
import { hostFiles, hostNumbers } from "./start-host.ts";

export interface HostFacts {
  number: number;
  /** null: it does not run. */
  pid: number | null;
  version: string | null;
  /** Children that run. */
  running: number;
  /** Of another version: it gets no new children and leaves with its last. */
  draining: boolean;
}

export interface HostFleet extends HostLink {
  hosts(): Promise<HostFacts[]>;
  /** Leaves the hosts that have running children, and ends the others. */
  release(): Promise<void>;
}

export interface HostFleetOptions extends Omit<HostLinkOptions, "number"> {
  /** Beyond this, the next child gets another host. */
  childrenPerHost?: number;
  /** How long a host that is not needed stays, so that the last screens on it can be looked at. */
  surplusMs?: number;
}

interface Member {
  number: number;
  link: OneHostLink;
  running: Set<string>;
  /** Since when it has had no running children. */
  idleSinceMs: number;
}

// Memory and the work of one event loop: what a host's death takes along is bounded by this too.
const defaultChildrenPerHost = 32;
const defaultSurplusMs = 60_000;

const eventNames = ["exit", "lost", "title", "inputDropped", "signal"] as const satisfies (keyof HostLinkEvents)[];

export function createHostFleet(options: HostFleetOptions): HostFleet {
  const { directory, version, log, childrenPerHost = defaultChildrenPerHost, surplusMs = defaultSurplusMs } = options;
  const listeners = Object.fromEntries(eventNames.map((name) => [name, new Set()])) as unknown as {
    [Name in keyof HostLinkEvents]: Set<HostLinkEvents[Name]>;
  };
  const members = new Map<number, Member>();
  const homes = new Map<string, Member>();
  let closed = false;
  /** From then on what is not known here is not there. */
  let listed = false;

  const ended = (member: Member, id: string): void => {
    if (member.running.delete(id) && member.running.size === 0) member.idleSinceMs = performance.now();
  };
  const forward = (link: OneHostLink, name: keyof HostLinkEvents): void => {
    const tell = (...facts: unknown[]): void => {
      for (const listener of listeners[name]) (listener as (...given: unknown[]) => void)(...facts);
    };
    link.on(name, tell);
  };
  const join = (number: number): Member => {
    const link = createHostLink({ ...options, number });
    const member: Member = { number, link, running: new Set(), idleSinceMs: performance.now() };
    for (const name of ["exit", "lost"] as const) link.on(name, (id: string) => ended(member, id));
    for (const name of eventNames) forward(link, name);
    link.on("lost", (id) => void homes.delete(id));
    members.set(number, member);
    return member;
  };
  for (const number of hostNumbers(directory)) join(number);

  const learn = (member: Member, status: ChildStatus): void => {
    homes.set(status.id, member);
    if (status.state === "running") member.running.add(status.id);
    else ended(member, status.id);
  };
  /** What cannot be asked is not gone: its journal tells what it has, so that nothing is called lost that lives. */
  const listOne = async (member: Member, listOptions: { usage: boolean } | undefined): Promise<ChildStatus[]> => {
    try {
      return await member.link.list(listOptions);
    } catch (error) {
      log.warn({ err: error, host: member.number }, "a process host cannot be asked; what it runs goes on");
      const journal = readJournal(hostFiles({ directory, number: member.number }).journalPath).children.map(({ status }) => status);
      // Of one that has just died the journal still tells what has been told as lost since.
      return journal.filter(({ id }) => !listed || homes.has(id));
    }
  };
  const list: HostLink["list"] = async (listOptions) => {
    const all = await Promise.all([...members.values()].map(async (member) => ({ member, children: await listOne(member, listOptions) })));
    listed = true;
    for (const { member, children } of all) for (const status of children) learn(member, status);
    return all.flatMap(({ children }) => children);
  };
  const factsOf = async (member: Member): Promise<HostFacts> => {
    const running = member.running.size;
    try {
      const facts = await member.link.facts();
      const { pid, version: its } = facts ?? { pid: null, version: null };
      return { number: member.number, pid, version: its, running, draining: its !== null && its !== version };
    } catch {
      return { number: member.number, pid: null, version: null, running, draining: true };
    }
  };
  const takes = async (member: Member): Promise<boolean> => member.running.size < childrenPerHost && !(await factsOf(member)).draining;
  let choosing: Promise<unknown> = Promise.resolve();
  /** One after another: two at once would both see the last free place. */
  const choose = (id: string): Promise<Member> => {
    const pick = async (): Promise<Member> => {
      let chosen: Member | undefined;
      for (const member of [...members.values()].sort((one, other) => one.number - other.number)) {
        if (await takes(member)) {
          chosen = member;
          break;
        }
      }
      for (let number = 1; chosen === undefined; number += 1) if (!members.has(number)) chosen = join(number);
      chosen.running.add(id);
      return chosen;
    };
    const picked = choosing.then(pick);
    choosing = picked.catch(() => undefined);
    return picked;
  };
  const home = async (id: string): Promise<OneHostLink> => {
    if (!homes.has(id) && !listed) await list();
    const member = homes.get(id);
    if (member === undefined) throw new GantryError("notFound", `${id} is not running: its process host is gone or has forgotten it.`);
    return member.link;
  };

  /** Ends hosts that nothing needs: those of another version, and those beyond the first. */
  const retire = async (): Promise<void> => {
    const facts = await Promise.all([...members.values()].map(async (member) => ({ member, facts: await factsOf(member) })));
    const keeps = facts.find(({ facts: { pid, draining } }) => pid !== null && !draining)?.member;
    for (const { member, facts: its } of facts) {
      const needed = member === keeps || member.running.size > 0 || performance.now() - member.idleSinceMs < surplusMs;
      if (needed || closed) continue;
      const kept = its.pid === null ? await member.link.list().catch(() => [1]) : [];
      if (kept.length > 0) continue;
      members.delete(member.number);
      for (const [id, one] of homes) if (one === member) homes.delete(id);
      await member.link
        .shutdown(0)
        .catch((error: unknown) => log.warn({ err: error, host: member.number }, "a process host did not leave"));
      const files = hostFiles({ directory, number: member.number });
      for (const file of [files.socketPath, files.journalPath]) rmSync(file, { force: true });
      log.info({ host: member.number, pid: its.pid, version: its.version }, "a process host that nothing needs has left");
    }
  };
  const sweep = setInterval(
    () => {
      if (members.size > 1) void retire().catch((error: unknown) => log.warn({ err: error }, "process hosts could not be looked at"));
    },
    Math.max(50, Math.min(10_000, surplusMs)),
  ).unref();
  const finish = async (each: (member: Member) => Promise<void>): Promise<void> => {
    closed = true;
    clearInterval(sweep);
    // One that cannot be talked to must not keep the others.
    const leave = (member: Member): Promise<void> =>
      each(member).catch((error: unknown) => log.warn({ err: error, host: member.number }, "a process host could not be left in order"));
    await Promise.all([...members.values()].map(leave));
  };

  return {
    async spawn(spec) {
      const member = await choose(spec.id);
      homes.set(spec.id, member);
      try {
        const status = await member.link.spawn(spec);
        // It may have ended before this answer.
        if (status.exit !== undefined) ended(member, spec.id);
        return status;
      } catch (error) {
        ended(member, spec.id);
        homes.delete(spec.id);
        throw error;
      }
    },
    list,
    write: (id, bytes) => homes.get(id)?.link.write(id, bytes),
    closeInput: (id) => homes.get(id)?.link.closeInput(id),
    resize: (id, cols, rows) => homes.get(id)?.link.resize(id, cols, rows),
    signal: async (id, signal) => (await home(id)).signal(id, signal),
    terminate: async (id, terminateOptions) => (await home(id)).terminate(id, terminateOptions),
    snapshot: async (id) => (await home(id)).snapshot(id),
    screen: async (id, format) => (await home(id)).screen(id, format),
    mark: async (id, key) => (await home(id)).mark(id, key),
    transcript: async (id, key) => (await home(id)).transcript(id, key),
    follow(id, followOptions, listener) {
      const known = homes.get(id);
      if (known !== undefined) return known.link.follow(id, followOptions, listener);
      let follow: Follow | undefined;
      let over = false;
      home(id).then(
        (link) => {
          if (!over) follow = link.follow(id, followOptions, listener);
        },
        () => listener.lost?.(),
      );
      return {
        pause: () => follow?.pause(),
        resume: () => follow?.resume(),
        close() {
          over = true;
          follow?.close();
        },
      };
    },
    async forget(id) {
      const link = await home(id);
      await link.forget(id);
      homes.delete(id);
    },
    on(name, listener) {
      listeners[name].add(listener);
      return () => void listeners[name].delete(listener);
    },
    async hosts() {
      await list();
      const facts = await Promise.all([...members.values()].map(factsOf));
      return facts.sort((one, other) => one.number - other.number);
    },
    close: () => finish(({ link }) => link.close()),
    shutdown: (graceMs) => finish(({ link }) => link.shutdown(graceMs)),
    async release() {
      await list();
      await finish(({ link, running }) => (running.size > 0 ? link.close() : link.shutdown(0)));
    },
  };
}
