/** Sends an ordinary Commander program through the daemon: a warm worker has everything loaded that the program imports. */
import { fstatSync } from "node:fs";

import { answer, argumentsOf, callRouted, RemoteExit, type RoutingOptions } from "../routing/call.ts";
import { carry, routedDefinition, type RoutedInput } from "../routing/definition.ts";
import { becomeCaller } from "../routing/environment.ts";
import { type CommanderProgram, recordActionValue, runWarm } from "./program.ts";

export type { CommanderProgram } from "./program.ts";

export interface RouteCommanderOptions extends RoutingOptions {
  /** What the daemon knows the program by; of a program that is given itself, its own name unless given. */
  name?: string;
  /** One line for lists. */
  summary?: string;
  /** `import.meta.url`: makes sure that a program of the same name in another module is never run instead. */
  module?: string;
  /**
   * A routed program has no standard input. Undefined: it runs here whenever something is piped in. False: it never reads standard input,
   * so it can always be routed. True: it always runs here.
   */
  readsStdin?: boolean;
}

/** Export it from a module that `[commands] modules` names. */
export interface RoutedProgram {
  /** As Commander's own, but resolves to what the program's action returned. Routed or not, the exit code becomes this process's. */
  parseAsync(argv?: readonly string[], options?: { from?: "node" | "user" }): Promise<unknown>;
}

/** What a loader may resolve to: a program, a function that makes one, or a module that exports either as default, `program`, or `createProgram`. */
export type LoadProgram = () => unknown;

/** For a program that is loaded already; saves what its actions would import, but not what it has imported itself. */
export function routeCommander(program: CommanderProgram, options?: RouteCommanderOptions): RoutedProgram;
/** The loader is called only where the program runs: in a worker, once, or here when it is not routed. */
export function routeCommander(load: LoadProgram, options: RouteCommanderOptions & { name: string }): RoutedProgram;
export function routeCommander(given: CommanderProgram | LoadProgram, options: RouteCommanderOptions = {}): RoutedProgram {
  const load = typeof given === "function" ? given : () => given;
  const command = options.name ?? (given as CommanderProgram).name();
  const { module, timeoutMs } = options;

  const routed: RoutedProgram = {
    async parseAsync(argv = process.argv, { from = "node" } = {}) {
      const args = from === "user" ? argv : argv.slice(2);
      const script = (from === "user" ? process.argv[1] : argv[1]) ?? command;
      const interrupt = catchSignals();
      try {
        const call = {
          command,
          args,
          routed: { script, ...(module === undefined ? {} : { module }) },
          signal: interrupt.signal,
          obstacle: stdinObstacle(options.readsStdin),
        };
        const value = await callRouted(call, options, () => {
          interrupt.release();
          return runHere(load, [process.argv[0] ?? "node", script, ...args]);
        });
        if (!(value instanceof RemoteExit)) return value;
        await drained();
        return process.exit(value.exitCode);
      } catch (error) {
        interrupt.endAsSignalled();
        throw error;
      } finally {
        interrupt.release();
      }
    },
  };
  const definition = routedDefinition({
    name: command,
    summary: options.summary ?? (typeof given === "function" ? undefined : given.description?.()),
    timeoutMs,
    module,
    warm: () => resolveProgram(load),
    async run(input: RoutedInput) {
      becomeCaller(process.env);
      const argv = [process.argv[0] ?? "node", input.routed?.script ?? command, ...argumentsOf(input).map(String)];
      return answer(input, await runWarm(() => resolveProgram(load), argv));
    },
  });
  carry(routed, definition);
  return routed;
}

async function runHere(load: LoadProgram, argv: string[]): Promise<unknown> {
  const { program } = await resolveProgram(load);
  const run = recordActionValue(program);
  await program.parseAsync(argv);
  return run.value;
}

async function resolveProgram(load: LoadProgram): Promise<{ program: CommanderProgram; fresh: boolean }> {
  const loaded: unknown = await load();
  const exported = (typeof loaded === "object" && loaded !== null ? loaded : {}) as Record<string, unknown>;
  for (const candidate of [loaded, exported.default, exported.program, exported.createProgram]) {
    if (isProgram(candidate)) return { program: candidate, fresh: false };
    if (typeof candidate !== "function") continue;
    const made: unknown = await candidate();
    if (isProgram(made)) return { program: made, fresh: true };
  }
  throw new TypeError("routeCommander: the loader gives no Commander program; export it as default, as program, or from createProgram()");
}

function isProgram(value: unknown): value is CommanderProgram {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof (value as Partial<CommanderProgram>).parseAsync === "function" &&
    "commands" in value
  );
}

function stdinObstacle(readsStdin: boolean | undefined): string | undefined {
  if (readsStdin === false) return undefined;
  if (readsStdin === true) return "the program reads standard input.";
  try {
    // A terminal and /dev/null are character devices. Asked of the descriptor, because touching process.stdin would open it.
    const stdin = fstatSync(0);
    const holdsNothing = stdin.isCharacterDevice() || (stdin.isFile() && stdin.size === 0);
    return holdsNothing ? undefined : "standard input is a pipe or file that the program may want to read.";
  } catch {
    return undefined;
  }
}

/** The first signal cancels the execution; when that is done, this process ends by the same signal, as it would without a daemon. */
function catchSignals() {
  const abort = new AbortController();
  let caught: NodeJS.Signals | undefined;
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const onSignal = (signal: NodeJS.Signals) => {
    release();
    caught = signal;
    abort.abort();
  };
  const release = () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return {
    signal: abort.signal,
    release,
    endAsSignalled() {
      if (caught === undefined) return;
      release();
      process.kill(process.pid, caught);
    },
  };
}

async function drained(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) await new Promise<void>((resolve) => stream.write("", () => resolve()));
}
