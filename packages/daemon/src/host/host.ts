/** The process host: owns the children, serves daemons one after another (or several at once), and leaves when it is not needed. */
import { chmodSync, rmSync } from "node:fs";
import { createServer } from "node:net";

import { GantryError } from "@gantry/contract/errors";

import { type Child, startChild } from "./child.ts";
import { type Connection, createConnection, type NumberedChild } from "./connection.ts";
import type { ChildSpec } from "./interface.ts";
import { createJournal } from "./journal.ts";
import { startTimeOf } from "./process-tree.ts";
import { type HostHello, hostProtocol, type HostRequest, type NumberedStatus } from "./protocol.ts";
import { createRecordings } from "./recordings.ts";
import { createScreens } from "./screens.ts";
import { createUsageMeter } from "./usage.ts";

export interface HostOptions {
  socketPath: string;
  journalPath: string;
  version: string;
  /** What the threads for screens and recordings are started from. */
  threadEntry: URL | string;
  /** How long to stay without a daemon and without running children. */
  idleExitMs: number;
  log: {
    info(facts: Record<string, unknown>, message: string): void;
    warn(facts: Record<string, unknown>, message: string): void;
  };
  /** Called when the host has nothing left to do. */
  done(): void;
}

export interface Host {
  shutdown(graceMs?: number): Promise<void>;
}

/** Exits that nobody has asked for yet are also in the journal, so they need not hold the host for ever. */
const keepExitsMs = 10 * 60_000;

export async function runHost(options: HostOptions): Promise<Host> {
  const { log } = options;
  const children = new Map<number, NumberedChild>();
  const ids = new Set<string>();
  const connections = new Set<Connection>();
  let nextNumber = 1;
  let idleTimer: NodeJS.Timeout | undefined;
  const journal = createJournal(options.journalPath, (error) => log.warn({ err: error }, "the journal could not be written"));
  const meter = createUsageMeter();
  const screens = createScreens(options.threadEntry, (error) => log.warn({ err: error }, "the screen worker failed"));

  const recordings = createRecordings(options.threadEntry, (error) => log.warn({ err: error }, "the recording thread failed"));

  const statusOf = (child: NumberedChild): NumberedStatus => ({ ...child.status(), number: child.number });
  const running = (): NumberedChild[] => [...children.values()].filter(({ exit }) => exit === undefined);
  const leave = (): void => {
    rmSync(options.socketPath, { force: true });
    options.done();
  };
  const watchIdle = (): void => {
    clearTimeout(idleTimer);
    if (connections.size > 0 || running().length > 0) return;
    idleTimer = setTimeout(leave, children.size === 0 ? options.idleExitMs : keepExitsMs);
  };
  const childOf = (number: number): NumberedChild => {
    const child = children.get(number);
    if (child === undefined) throw new GantryError("notFound", "There is no such process any more.");
    return child;
  };

  const spawn = async (spec: ChildSpec): Promise<NumberedStatus> => {
    if (ids.has(spec.id)) throw new GantryError("conflict", `${spec.id} has been started before.`);
    ids.add(spec.id);
    const number = nextNumber;
    nextNumber += 1;
    let child: NumberedChild | undefined;
    const later = (work: (known: NumberedChild) => void): void => {
      if (child !== undefined) work(child);
    };
    const tell = (work: (connection: Connection, known: NumberedChild) => void): void =>
      later((known) => {
        for (const connection of connections) work(connection, known);
      });
    let started: Child;
    try {
      started = await startChild(
        spec,
        { screens, recordings },
        {
          output: () => tell((connection, known) => connection.output(known)),
          exit: () =>
            later((known) => {
              journal.exited(known.status());
              tell((connection) => connection.exit(known));
              watchIdle();
            }),
          title: (title) => tell((connection) => connection.notify({ event: "title", number, childId: spec.id, title })),
          signal: (signal) => tell((connection) => connection.notify({ event: "signal", number, childId: spec.id, signal })),
          inputDropped: (droppedBytes) =>
            tell((connection) => connection.notify({ event: "inputDropped", number, childId: spec.id, droppedBytes })),
          warning: (message, facts) => log.warn(facts, message),
        },
      );
    } catch (error) {
      ids.delete(spec.id);
      throw error;
    }
    child = Object.assign(Object.create(started) as Child, { number, id: spec.id });
    children.set(number, child);
    journal.started(child.status(), child.mark.startTime);
    clearTimeout(idleTimer);
    // Some end before they are listed: the answer to this request then tells it.
    if (child.exit !== undefined) journal.exited(child.status());
    return statusOf(child);
  };

  const shutdown = async (graceMs?: number): Promise<void> => {
    await Promise.all(running().map((child) => child.terminate({ graceMs, reason: "shutdown" })));
    log.info({}, "shut down");
    setTimeout(leave, 50);
  };

  const handle = async (request: HostRequest): Promise<unknown> => {
    switch (request.op) {
      case "hello": {
        if (request.input.protocol !== hostProtocol) {
          throw new GantryError("conflict", `This process host speaks protocol ${hostProtocol}, the daemon ${request.input.protocol}.`);
        }
        const { pid } = process;
        return {
          protocol: hostProtocol,
          version: options.version,
          pid,
          startTime: startTimeOf(pid) ?? "0",
          children: [...children.values()].map(statusOf),
        } satisfies HostHello;
      }
      case "spawn":
        return spawn(request.input.spec);
      case "list": {
        const usage = request.input.usage === true ? meter.measure(running()) : undefined;
        return [...children.values()].map((child) => ({ ...statusOf(child), usage: usage?.get(child.id) }));
      }
      case "screen":
        return { text: await childOf(request.input.number).show(request.input.format) };
      case "mark":
        await childOf(request.input.number).markOutput(request.input.key);
        return {};
      case "transcript":
        return { text: await childOf(request.input.number).transcript(request.input.key) };
      case "signal":
        childOf(request.input.number).signal(request.input.signal);
        return {};
      case "terminate":
        return { exit: await childOf(request.input.number).terminate(request.input) };
      case "forget": {
        const child = childOf(request.input.number);
        if (child.exit === undefined) throw new GantryError("conflict", "A process that runs cannot be forgotten.");
        child.dispose();
        children.delete(child.number);
        ids.delete(child.id);
        journal.forgotten(child.id);
        watchIdle();
        return {};
      }
      case "shutdown":
        void shutdown(request.input.graceMs);
        return {};
      default:
        throw new GantryError("unimplemented", "The process host does not know this request.");
    }
  };

  const server = createServer((socket) => {
    clearTimeout(idleTimer);
    connections.add(
      createConnection(socket, {
        child: (number) => children.get(number),
        handle,
        closed(connection) {
          connections.delete(connection);
          watchIdle();
        },
        warning: (message, facts) => log.warn(facts, message),
      }),
    );
  });
  rmSync(options.socketPath, { force: true });
  // Made unreachable for others from the start, not only after chmod.
  const previousMask = process.umask(0o177);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.socketPath, resolve);
  });
  process.umask(previousMask);
  chmodSync(options.socketPath, 0o600);
  log.info({ socket: options.socketPath, version: options.version }, "process host is ready");
  watchIdle();
  return { shutdown };
}
