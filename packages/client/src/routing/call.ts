/** Calls a function here or through the daemon, so that its caller cannot tell the difference. */
import { GantryError } from "@gantry/contract/errors";

import type { RoutedInput } from "./definition.ts";
import { decideRouting, type RoutingChoice } from "./enabled.ts";
import { failureOf } from "./revive-error.ts";
import { route, trace } from "./route.ts";
import { decodeValue, type EncodedValue, encodeValue, isCloneable } from "./values.ts";

export interface RoutingOptions extends RoutingChoice {
  /** Run it here when the daemon does not answer or refuses it (the default). False: throw instead, and never run it here unless routing is off. */
  fallbackToLocal?: boolean | undefined;
  /** Limit of a routed call; the configuration's `[commands] timeoutMs` otherwise. A call that runs here has none. */
  timeoutMs?: number | undefined;
}

export interface Call {
  command: string;
  args: readonly unknown[];
  /** More of the wrapper's own part of the input. */
  routed: NonNullable<RoutedInput["routed"]>;
  signal?: AbortSignal | undefined;
  /** Undefined when this call can go to the daemon; else why not. */
  obstacle?: string | undefined;
}

/** The process ended by itself inside the call, as `process.exit` does. */
export class RemoteExit {
  readonly exitCode: number;
  constructor(exitCode: number) {
    this.exitCode = exitCode;
  }
}

/** Resolves to what the function returned, or to a RemoteExit; `local` is called at most once and never after the daemon accepted. */
export async function callRouted<Value>(
  call: Call,
  options: RoutingOptions,
  local: () => Value | Promise<Value>,
): Promise<Value | RemoteExit> {
  const { command } = call;
  const { route: wanted, why } = decideRouting(options);
  trace("%s: routing is %s because %s", command, wanted ? "on" : "off", why);
  if (!wanted) return local();
  const outcome =
    call.obstacle === undefined ? await send(call, options.timeoutMs) : { refused: new GantryError("invalidArgument", call.obstacle) };
  if ("refused" in outcome) {
    trace("%s is not routed: %s", command, outcome.refused.message);
    if (options.fallbackToLocal === false) throw outcome.refused;
    return local();
  }
  const { result } = outcome;
  const failure = failureOf({ ...result, command });
  if (failure !== undefined) throw failure;
  // Without an answer of the wrapper's other end, the function never came to its own end.
  if (result.result === null) return new RemoteExit(result.exitCode ?? 1);
  if (result.exitCode !== null && result.exitCode !== 0) process.exitCode = result.exitCode;
  return decodeValue(result.result as EncodedValue) as Value;
}

/** A request above this would be refused by the daemon's control socket without a word. */
const largestInput = 8 * 1024 * 1024;

async function send({ command, args, routed, signal }: Call, timeoutMs: number | undefined): ReturnType<typeof route> {
  const refuse = (text: string) => ({ refused: new GantryError("invalidArgument", `${command}: ${text} Nothing was run.`) });
  if (!isCloneable(args)) return refuse("its arguments cannot leave this process: give plain data.");
  const { value, v8 } = encodeValue(args);
  const input: RoutedInput = v8 === undefined ? { args: value as unknown[], routed } : { routed: { ...routed, v8 } };
  if (JSON.stringify(input).length > largestInput) return refuse("its arguments are too large to be sent: give the path of a file.");
  return route({ command, input: input as Record<string, unknown>, timeoutMs, signal });
}

/** The arguments as the caller gave them, or as somebody wrote them on a command line. */
export function argumentsOf({ args = [], routed }: RoutedInput): unknown[] {
  return routed?.v8 === undefined ? args : (decodeValue({ v8: routed.v8 }) as unknown[]);
}

/** In an envelope for the wrapper, which knows by it that the function has returned; bare for everybody else. */
export function answer({ routed }: RoutedInput, value: unknown): unknown {
  return routed === undefined ? value : encodeValue(value);
}
