/** Runs a Commander program inside a worker, again and again, as if each time were its own process. */

/** What is used of Commander's Command; its types are not imported, so that any version of it fits. */
export interface CommanderProgram {
  name(): string;
  description?(): string;
  parseAsync(argv: readonly string[]): Promise<unknown>;
  readonly commands: readonly object[];
}

/** Of Commander's inside: stable from 7 to 15, and looked at before it is used. */
interface Inside {
  commands?: readonly Inside[];
  _exitCallback?: ((error: CommanderExit) => never) | null;
  _actionHandler?: ((...args: unknown[]) => unknown) | null;
}

interface CommanderExit {
  code: string;
  exitCode: number;
}

export interface Run {
  value: unknown;
}

/** Thrown where Commander would end the process, by Commander itself and not in the middle of anybody's action. */
class ProgramExit extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`the program ended with ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** These come from inside an action or an event: only a real exit stops what called them. */
const endsProcess = new Set(["commander.error", "commander.executeSubCommandAsync"]);

const runs = new WeakMap<object, Run>();
const exitless = new WeakSet<object>();

export async function runWarm(load: () => Promise<{ program: CommanderProgram; fresh: boolean }>, argv: string[]): Promise<unknown> {
  const { program, fresh } = await load();
  if (!fresh && !("saveStateBeforeParse" in program)) {
    throw new TypeError(
      "Commander before version 13 keeps the options of one run for the next: export createProgram() instead of a program",
    );
  }
  const run = recordActionValue(program);
  if (!exitless.has(program)) throwOnExit(program);
  exitless.add(program);
  const own = process.argv;
  process.argv = argv;
  try {
    await program.parseAsync(argv);
    return run.value;
  } catch (error) {
    if (!(error instanceof ProgramExit)) throw error;
    process.exitCode = error.exitCode;
    return undefined;
  } finally {
    process.argv = own;
  }
}

/** Commander drops what an action returns; this keeps that of the latest one. */
export function recordActionValue(program: object): Run {
  const run = runs.get(program) ?? { value: undefined };
  run.value = undefined;
  if (runs.has(program)) return run;
  runs.set(program, run);
  for (const command of all(program)) {
    const act = command._actionHandler;
    if (typeof act !== "function") continue;
    command._actionHandler = async (...args) => {
      run.value = await act.apply(command, args);
    };
  }
  return run;
}

function throwOnExit(program: object): void {
  for (const command of all(program)) {
    command._exitCallback ??= ({ code, exitCode }) => {
      if (endsProcess.has(code)) process.exit(exitCode);
      throw new ProgramExit(exitCode);
    };
  }
}

function all(command: Inside): Inside[] {
  return [command, ...(command.commands ?? []).flatMap(all)];
}
