/** For tests only: a connection whose other side is the test, and a room with nothing around it. */
import { rolePermissions, type Role } from "@gantry/contract";
import { pino } from "pino";

import type { Caller } from "../core/caller.ts";
import { systemClock } from "../core/clock.ts";
import { newId } from "../core/ids.ts";
import type { Call, CallOutcome, CallRequest } from "./call.ts";
import type { ManagedSettings } from "./managed/managed-providers.ts";
import { createProvidersService, type ProvidersService } from "./service.ts";
import type { Listener, ProviderSocket } from "./socket.ts";

export interface FakeSocket extends ProviderSocket {
  /** What the daemon sent, in order. */
  readonly sent: { event: string; message: unknown }[];
  /** As if the peer had sent it. Resolves to what was acknowledged, if anything was. */
  receive(event: string, ...args: unknown[]): unknown;
  /** The last message of this kind, or undefined. */
  last(event: string): Record<string, unknown> | undefined;
  isConnected: boolean;
}

let sockets = 0;

export function createFakeSocket(): FakeSocket {
  const listeners = new Map<string, Listener[]>();
  const socket: FakeSocket = {
    id: `socket-${(sockets += 1)}`,
    sent: [],
    isConnected: true,
    on: (event, listener) => void listeners.set(event, [...(listeners.get(event) ?? []), listener]),
    emit: (event, message) => void socket.sent.push({ event, message }),
    disconnect() {
      if (!socket.isConnected) return;
      socket.isConnected = false;
      for (const listener of listeners.get("disconnect") ?? []) listener("server namespace disconnect");
    },
    receive(event, ...args) {
      let acknowledged: unknown;
      for (const listener of listeners.get(event) ?? []) listener(...args, (answer: unknown) => (acknowledged = answer));
      return acknowledged;
    },
    last: (event) => socket.sent.findLast((sent) => sent.event === event)?.message as Record<string, unknown> | undefined,
  };
  return socket;
}

export function callerOf(role: Role, providerNames?: string[]): Caller {
  return { keyId: `key-${role}`, role, permissions: new Set(rolePermissions[role]), providerNames };
}

export interface TestRoom {
  service: ProvidersService;
  events: { type: string; data: unknown }[];
  /** Connects and registers an instance; the defaults are one method of each kind. */
  join(document?: Record<string, unknown>, caller?: Caller): FakeSocket;
  /** Starts a call whose outcome and chunks are noted. */
  call(request?: Partial<CallRequest>): NotedCall;
}

export interface NotedCall {
  call: Call;
  chunks: unknown[];
  outcomes: CallOutcome[];
  credits: number[];
}

let epoch = 1;

export function createTestRoom(managed: Partial<ManagedSettings> = {}): TestRoom {
  const events: TestRoom["events"] = [];
  const service = createProvidersService({
    clock: systemClock,
    logger: pino({ level: "silent" }),
    publish: (type, data) => void events.push({ type, data }),
    newCallId: () => newId("call"),
    node: "test",
    managed: { configured: {}, baseDirectory: "/", env: {}, kinds: {}, ...managed },
  });
  return {
    service,
    events,
    join(document = {}, caller = callerOf("admin")) {
      const socket = createFakeSocket();
      service.accept(socket, caller);
      const methods = [
        { name: "once", idempotent: false },
        { name: "again", idempotent: true },
        { name: "flow", stream: true },
      ];
      epoch += 1;
      const answer = socket.receive("register", { proto: 1, name: "p", instance: "one", epoch, methods, ...document });
      if (!(answer as { ok: boolean }).ok) throw new Error(JSON.stringify(answer));
      return socket;
    },
    call(request = {}) {
      const chunks: unknown[] = [];
      const outcomes: CallOutcome[] = [];
      const credits: number[] = [];
      const call = service.calls.start(
        { route: { provider: "p" }, method: "once", params: {}, owner: "test", ...request },
        {
          chunks(_call, seq, items) {
            if (seq !== chunks.length) throw new Error(`chunk ${seq} where ${chunks.length} was due`);
            chunks.push(...items);
          },
          credit: (_call, given) => void credits.push(given),
          settled: (_call, outcome) => void outcomes.push(outcome),
        },
      );
      return { call, chunks, outcomes, credits };
    },
  };
}
