/** Takes new executions in: checks the request, stores it, and lets it run or wait. Nothing is acknowledged before it is durable. */
import { type ExecuteInput, type executionEvents, GantryError } from "@gantry/contract";
import type { SlotMap } from "@gantry/contract/slot-map";

import { type Caller, requirePermission } from "../core/caller.ts";
import type { Clock } from "../core/clock.ts";
import type { Publish } from "../core/event-bus.ts";
import type { AtRest, RestingParts } from "./at-rest.ts";
import type { Attempts } from "./attempts.ts";
import { queueFull } from "./endings.ts";
import { createFolderCheck } from "./folders.ts";
import type { Limits, QueueLimits } from "./limits.ts";
import { brief, createLiveExecution, type LiveExecution } from "./live-execution.ts";
import type { Places } from "./places.ts";
import { policyText } from "./repeat.ts";
import type { FindCommand, RunnableCommand } from "./runnable-command.ts";
import type { ExecutionRow, ExecutionStore } from "./store.ts";
import { createTally } from "./tally.ts";
import type { Timetable } from "./timetable.ts";

/** A request that has been found good, with all that is needed to run it. */
export interface CheckedRequest {
  request: ExecuteInput;
  caller: Caller;
  command: RunnableCommand;
  input: Record<string, unknown>;
  queue: string;
  /** The execution that it does again. */
  retryOf?: string;
}

export interface AcceptanceOptions {
  store: Pick<ExecutionStore, "insert">;
  findCommand: FindCommand;
  atRest: AtRest;
  places: Pick<Places, "take" | "free" | "waiting" | "waitingIn">;
  limits: Pick<Limits, "limitCommand">;
  queues: ReadonlyMap<string, QueueLimits>;
  attempts: Pick<Attempts, "begun" | "run">;
  /** Executions that have not ended. */
  lives: SlotMap<string, LiveExecution>;
  timetable: Pick<Timetable, "waiting" | "waitingIn">;
  /** `maxQueued`: how many may wait in the whole instance. May change at any time. */
  settings: { readonly maxQueued: number };
  outputsDirectory: string;
  /** Until it is due, and then for a place. */
  wait(live: LiveExecution): void;
  /** It was cancelled while it was being stored. */
  cancelled(live: LiveExecution): Promise<void>;
  publish: Publish<typeof executionEvents>;
  clock: Clock;
}

export interface Acceptance {
  /** Throws notFound, invalidArgument, permissionDenied, unavailable; changes nothing. */
  check(request: ExecuteInput, caller: Caller): Promise<CheckedRequest>;
  /** What else `enqueue` would throw of the request itself: only when it is to run must its folder be there. */
  checkFolder(checked: CheckedRequest): Promise<void>;
  /** Resolves when it is durable. Throws resourceExhausted, unavailable. */
  enqueue(checked: CheckedRequest, id: string, watched: boolean): Promise<LiveExecution>;
  /** Takes in nothing any more. */
  close(): void;
}

export function createAcceptance(options: AcceptanceOptions): Acceptance {
  const { store, findCommand, atRest, places, limits, queues, attempts, lives, timetable, publish, clock } = options;
  const { settings, outputsDirectory, wait, cancelled } = options;
  /** Being stored, and in the queue next. */
  const entering = createTally();
  let enteringAll = 0;
  let closed = false;

  const enter = (queue: string, change: 1 | -1) => {
    entering.add(queue, change);
    enteringAll += change;
  };
  const mustBeFolder = createFolderCheck(clock);
  const folderOf = ({ request, command }: CheckedRequest) => request.cwd ?? command.cwd;
  const mustHaveRoom = (queue: string) => {
    const { maxQueued } = settings;
    if (places.waiting + timetable.waiting + enteringAll >= maxQueued) throw queueFull(maxQueued);
    const limit = queues.get(queue)?.maxQueued;
    if (limit !== undefined && places.waitingIn(queue) + timetable.waitingIn(queue) + entering.of(queue) >= limit)
      throw queueFull(limit, queue);
  };

  return {
    async check(request, caller) {
      if (closed) throw new GantryError("unavailable", "This instance is stopping and takes no new work. Nothing was run.");
      if (request.cwd !== undefined || request.env !== undefined)
        requirePermission(caller, "executions.runFree", "choose a folder or environment");
      const command = await findCommand(request.command);
      limits.limitCommand(command.name, command.policy.maxConcurrent);
      const queue = request.queue ?? command.policy.queue;
      if (!queues.has(queue)) throw unknownQueue(queue, [...queues.keys()]);
      return { request, caller, command, input: command.checkInput(request), queue };
    },

    checkFolder: (checked) => mustBeFolder(folderOf(checked)),

    async enqueue(checked, id, watched) {
      await mustBeFolder(folderOf(checked));
      const { command, input, request, queue } = checked;
      const env = request.env ?? {};
      const concealed = command.conceal(input);
      const row = newRow(checked, id, atRest.put({ input, env }, concealed), clock.now());
      const hasOutput = command.kind === "function" || watched;
      const live = createLiveExecution({
        row,
        input,
        env,
        secrets: concealed?.secrets ?? [],
        target: command.target(input),
        outputsDirectory,
        hasOutput,
      });
      const place = row.state === "queued" ? places.take(live) : undefined;
      if (place !== undefined) live.row = attempts.begun(live, place);
      else {
        mustHaveRoom(queue);
        enter(queue, 1);
      }
      lives.set(row.id, live);
      try {
        await store.insert(live.row);
      } catch (cause) {
        lives.delete(row.id);
        if (place !== undefined) places.free(live, place);
        throw new GantryError("unavailable", `The execution could not be stored (${(cause as Error).message}). Nothing was run.`, {
          cause,
        });
      } finally {
        if (place === undefined) enter(queue, -1);
      }
      publish("execution.accepted", brief(live));
      if (place !== undefined) attempts.run(live, place);
      else if (live.cancelRequested) await cancelled(live);
      else wait(live);
      return live;
    },

    close() {
      closed = true;
    },
  };
}

function unknownQueue(given: string, known: string[]): GantryError {
  const message = `There is no queue ${given}. There are: ${known.join(", ")}.`;
  return new GantryError("invalidArgument", `queue: ${message} Nothing was run.`, { details: { issues: [{ field: "queue", message }] } });
}

function newRow(
  { request, caller, command, queue, retryOf }: CheckedRequest,
  id: string,
  parts: RestingParts,
  createdAtMs: number,
): ExecutionRow {
  const { delayMs = 0 } = request;
  const dueAtMs = delayMs === 0 ? null : createdAtMs + delayMs;
  return {
    ...parts,
    id,
    command: command.name,
    kind: command.kind,
    state: dueAtMs === null ? "queued" : "scheduled",
    owner: caller.keyId,
    priority: request.priority,
    tags: JSON.stringify(request.tags),
    cwd: request.cwd ?? command.cwd,
    timeoutMs: request.timeoutMs ?? command.timeoutMs,
    attempt: 0,
    createdAtMs,
    startedAtMs: null,
    endedAtMs: null,
    result: null,
    error: null,
    exitCode: null,
    signal: null,
    outputBytes: 0,
    worker: null,
    idempotencyKey: request.idempotencyKey ?? null,
    queue,
    policy: policyText({
      retries: request.retries ?? command.policy.retries,
      retryDelayMs: request.retryDelayMs ?? command.policy.retryDelayMs,
      retryMaxDelayMs: command.policy.retryMaxDelayMs,
      idempotent: command.policy.idempotent,
    }),
    dueAtMs,
    expiresAtMs: request.expiresInMs === undefined ? null : createdAtMs + request.expiresInMs,
    retryOf: retryOf ?? null,
    leftovers: null,
  };
}
