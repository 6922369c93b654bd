/** Connects a provider to a daemon, answers its calls, and comes back by itself when the connection is lost. */
import type { Problem } from "@gantry/contract/errors";
import type { InvokeMessage, RegisterAck } from "@gantry/contract/provider-protocol";
import { providerPayloadLimitBytes, providersNamespace } from "@gantry/contract/provider-protocol";
import { SlotMap } from "@gantry/contract/slot-map";
import { io, type Socket } from "socket.io-client";

import { describe, type ProviderDefinition } from "./definition.ts";
import { failureFrom, ProviderError } from "./errors.ts";
import { createGatheringAgent } from "./gathering-agent.ts";
import { type CallPort, RunningCall } from "./running-call.ts";
import { findTarget, type Target } from "./target.ts";

export interface ConnectOptions extends Partial<Target> {
  /** Which of the provider's processes this is; default: what Gantry says when it started the program, else host and process id. */
  instance?: string;
  /** Finish calls and leave on SIGTERM and SIGINT (default true where there are signals). */
  handleSignals?: boolean;
  /** How long calls may go on after `close` or a signal (default 10 s). */
  drainMs?: number;
  /** Hears of every change of the connection; default: one line each on stderr. */
  onState?(state: ConnectionState, detail: string): void;
}

/** `stopped` is final: closed here, drained by the daemon, or refused. */
export type ConnectionState = "waiting" | "connected" | "lost" | "stopped";

export interface Status {
  state: "ok" | "degraded";
  detail?: string;
  /** Calls that wait inside this process. */
  queue?: number;
}

export interface Provider {
  readonly definition: ProviderDefinition;
  /** Resolves once registered. Waits for a daemon that is not there yet; rejects when it refuses. */
  connect(options?: ConnectOptions): Promise<void>;
  /** Tells the daemon how loaded or impaired this process is. */
  setStatus(status: Status): void;
  /** Takes no more calls, lets those in progress finish, and disconnects. */
  close(options?: { drainMs?: number; reason?: string }): Promise<void>;
  /** Settles when the provider has stopped for good, whatever the reason. */
  readonly stopped: Promise<void>;
}

const defaultDrainMs = 10_000;
const reconnectDelayMs = 200;
const maxReconnectDelayMs = 5_000;
const lookAgainMs = 1_000;
const acknowledgeTimeoutMs = 10_000;
/** How often the daemon is told of the load, besides every change. */
const statusIntervalMs = 10_000;

export function createProvider(given: ProviderDefinition): Provider {
  const definition = { ...given, name: configuredName() ?? given.name };
  const running = new SlotMap<string, RunningCall>();
  const idle = new Set<() => void>();
  let socket: Socket | undefined;
  let options: ConnectOptions = {};
  let limitBytes = providerPayloadLimitBytes;
  let epoch = 0;
  let isClosing = false;
  let stop: () => void;
  const stopped = new Promise<void>((resolve) => (stop = resolve));

  let told: ConnectionState | undefined;
  const tell = (state: ConnectionState, detail: string) => {
    // Trying again every few seconds is one piece of news.
    if (state === "waiting" && told === "waiting") return;
    told = state;
    if (options.onState) options.onState(state, detail);
    else if (typeof process !== "undefined") process.stderr.write(`${definition.name}: ${state}: ${detail}\n`);
  };

  let status: Status = { state: "ok" };
  const tellStatus = () => {
    const { state, detail, queue = 0 } = status;
    if (socket?.connected === true) emit("status", { state, inflight: running.size, queue, ...(detail === undefined ? {} : { detail }) });
  };
  let statusTimer: ReturnType<typeof setInterval> | undefined;

  const end = (detail: string) => {
    clearInterval(statusTimer);
    socket?.disconnect();
    tell("stopped", detail);
    stop();
  };

  const emit = (event: string, message: unknown) => void socket?.emit(event, message);

  const port: CallPort = {
    emit,
    limitBytes: () => limitBytes,
    ended({ callId }) {
      running.delete(callId);
      if (running.size === 0) for (const resolve of idle) resolve();
    },
  };

  const onInvoke = (message: InvokeMessage) => {
    const { id, method: name } = message;
    const method = Object.hasOwn(definition.methods, name) ? definition.methods[name] : undefined;
    if (method === undefined || isClosing) {
      const error = isClosing
        ? new ProviderError("UNAVAILABLE", "it is draining and takes no new calls", { retryable: true })
        : new ProviderError("UNIMPLEMENTED", `it has no method ${name}`);
      emit("fail", { id, error: failureFrom(error) });
      return;
    }
    const call = new RunningCall(message, method, port);
    running.set(id, call);
    call.start();
  };

  /** Resolves when no call is running, or after the time. */
  const untilIdle = (drainMs: number) =>
    new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        idle.delete(done);
        resolve();
      };
      const timer = setTimeout(done, drainMs);
      idle.add(done);
      if (running.size === 0) done();
    });

  const register = async (connected: Socket, instance: string) => {
    // A connection that half-died may still hold our name: the higher epoch takes it over.
    epoch = Math.max(epoch + 1, Date.now());
    const answer = (await connected
      .timeout(acknowledgeTimeoutMs)
      .emitWithAck("register", describe(definition, instance, epoch))) as RegisterAck;
    if (!answer.ok) throw new ProviderError(answer.error.code, answer.error.message);
    limitBytes = answer.limits.maxPayload;
    return answer;
  };

  const drain = async (drainMs: number, reason: string) => {
    if (isClosing) return stopped;
    isClosing = true;
    if (socket?.connected) socket.emit("drain", { deadlineMs: drainMs, reason });
    await untilIdle(drainMs);
    for (const call of running.values()) call.cancel("the provider is stopping");
    // Socket.IO drops messages that arrive together with the end of the connection; the answer says that ours have been read.
    if (socket?.connected)
      await socket
        .timeout(acknowledgeTimeoutMs)
        .emitWithAck("unregister", { reason })
        .catch(() => undefined);
    end(reason);
  };

  const open = async (target: Target, instance: string) => {
    const connection = io(new URL(providersNamespace, target.url).href, {
      transports: ["websocket"],
      auth: { key: target.key },
      reconnectionDelay: reconnectDelayMs,
      reconnectionDelayMax: maxReconnectDelayMs,
      agent: (await createGatheringAgent(target.url.startsWith("https"))) as never,
      forceNew: true,
      autoConnect: false,
    });
    socket = connection;
    connection.on("invoke", onInvoke);
    connection.on("cancel", ({ id, reason }: { id: string; reason: string }) => running.get(id)?.cancel(reason));
    connection.on("credit", ({ id, n, taken }: { id: string; n: number; taken?: number }) => running.get(id)?.credit(n, taken));
    connection.on("chunk", ({ id, data, batch }: { id: string; data?: unknown; batch?: unknown[] }) =>
      running.get(id)?.receive(batch ?? [data]),
    );
    connection.on("end", ({ id }: { id: string }) => running.get(id)?.endInput());
    connection.on("health", (_request: unknown, answer: (health: unknown) => void) => void answerHealth(answer));
    connection.on("drain", ({ deadlineMs, reason }: { deadlineMs: number; reason: string }) => void drain(deadlineMs, reason));

    await new Promise<void>((resolve, reject) => {
      let isRegistered = false;
      const refuse = (error: Error) => {
        if (isRegistered) end(error.message);
        else {
          connection.disconnect();
          reject(error);
        }
      };
      connection.on("connect", () => {
        register(connection, instance).then(
          ({ node }) => {
            isRegistered = true;
            if (status.state !== "ok") tellStatus();
            statusTimer ??= unref(setInterval(tellStatus, statusIntervalMs));
            tell("connected", `as ${instance} to ${node} at ${target.url}`);
            resolve();
          },
          (error: unknown) => {
            if (error instanceof ProviderError) refuse(error);
            else if (connection.connected) connection.disconnect().connect();
          },
        );
      });
      connection.on("connect_error", (error: Error & { data?: Partial<Problem> }) => {
        if (connection.active) {
          // The engine tries again by itself, but always at the same address.
          tell("waiting", `no daemon at ${target.url} yet (${error.message}); trying again`);
          void moveOn();
        } else if (error.data?.retryable === true) setTimeout(() => !isClosing && connection.connect(), maxReconnectDelayMs);
        else refuse(new ProviderError("PERMISSION_DENIED", error.data?.detail ?? error.message));
      });
      /** Follows a local instance that has started again on another port. */
      const moveOn = async () => {
        const now = await findTarget(options).catch(() => undefined);
        if (now === undefined || now.url === target.url || socket !== connection || isClosing) return;
        connection.off().disconnect();
        open(now, instance).then(resolve, refuse);
      };
      connection.on("disconnect", (reason) => {
        for (const call of running.values()) call.abandon();
        running.clear();
        for (const done of idle) done();
        // Hung up here, to be refused or to try again: that is told where it was decided.
        if (isClosing || reason === "io client disconnect") return;
        tell("lost", `connection lost (${reason}); calls in progress were ended; connecting again`);
        // The engine does not come back by itself after the daemon closed the connection, as it does when it restarts.
        if (reason === "io server disconnect") setTimeout(() => !isClosing && connection.connect(), reconnectDelayMs);
      });
      connection.connect();
    });
  };

  const untilFound = async (given: Partial<Target>): Promise<Target> => {
    for (;;) {
      const target = await findTarget(given);
      if (target !== undefined) return target;
      tell("waiting", "no instance runs here yet: start one with `gantry start`, or set GANTRY_URL and GANTRY_KEY");
      await new Promise((resolve) => setTimeout(resolve, lookAgainMs));
    }
  };

  const answerHealth = async (answer: (health: unknown) => void) => {
    try {
      answer((await definition.health?.()) ?? { status: "ok" });
    } catch (error) {
      answer({ status: "failing", detail: error instanceof Error ? error.message : String(error) });
    }
  };

  return {
    definition,
    stopped,
    async connect(given = {}) {
      if (socket) throw new Error(`${definition.name} is connected already; make another provider for another connection`);
      options = given;
      if (given.handleSignals !== false) onSignals(() => void drain(options.drainMs ?? defaultDrainMs, "it was told to stop"));
      onInputEnd(() => void drain(options.drainMs ?? defaultDrainMs, "Gantry has ended"));
      await open(await untilFound(given), given.instance ?? (await defaultInstance()));
    },
    setStatus(changed) {
      status = changed;
      tellStatus();
    },
    close: ({ drainMs = options.drainMs ?? defaultDrainMs, reason = "it was closed" } = {}) => drain(drainMs, reason),
  };
}

function onSignals(listener: () => void): void {
  if (typeof process === "undefined" || typeof process.once !== "function") return;
  // Once: the second signal has its default effect, for a user who does not want to wait.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, listener);
}

/** A program that Gantry started holds the other end of its input: when that closes, Gantry has ended, in whatever way. */
function onInputEnd(listener: () => void): void {
  if (typeof process === "undefined" || process.env?.["GANTRY_PROVIDER_RUN"] === undefined) return;
  process.stdin.once("end", listener).once("error", listener).resume();
  // It must not keep a program alive that has nothing else to do.
  (process.stdin as { unref?: () => void }).unref?.();
}

/** A timer alone must not keep a program alive; browsers have no such thing. */
function unref(timer: ReturnType<typeof setInterval>): ReturnType<typeof setInterval> {
  (timer as { unref?: () => void }).unref?.();
  return timer;
}

/** A program that Gantry started is known by the name of its table in the configuration, and may register no other. */
function configuredName(): string | undefined {
  return typeof process === "undefined" ? undefined : process.env?.["GANTRY_PROVIDER_NAME"];
}

async function defaultInstance(): Promise<string> {
  const given = typeof process === "undefined" ? undefined : process.env?.["GANTRY_PROVIDER_INSTANCE"];
  if (given !== undefined) return given;
  const { hostname } = await import("node:os");
  return `${hostname().replace(/[^A-Za-z0-9.-]/g, "-")}-${process.pid}`;
}
