/** Wraps a function, or decorates a method, so that calling it runs it in a warm worker of the daemon when routing is on. */
import { answer, argumentsOf, callRouted, RemoteExit, type RoutingOptions } from "../routing/call.ts";
import { carried, carry, type CommandDefinition, routedDefinition, type RoutedInput } from "../routing/definition.ts";
import { becomeCaller } from "../routing/environment.ts";

export interface DaemonCommandOptions extends RoutingOptions {
  /** What people type after `gantry run`. Of a method: its own name unless given. */
  name: string;
  /** One line for lists. */
  summary?: string;
  /** `import.meta.url`: makes sure that a command of the same name in another module is never called instead. */
  module?: string;
  /** Loads what the function imports late, so that workers have it before the first call. */
  warm?: () => unknown;
}

/** The wrapped function. Export it from a module that `[commands] modules` names. */
export type DaemonFunction<Args extends unknown[], Result> = (...args: Args) => Promise<Awaited<Result>>;

type Method<This, Args extends unknown[], Value> = (this: This, ...args: Args) => Promise<Value>;

type MethodDecorator = <This, Args extends unknown[], Value>(
  method: Method<This, Args, Value>,
  context: ClassMethodDecoratorContext<This, Method<This, Args, Value>>,
) => Method<This, Args, Value>;

/** A method that has been decorated; its class may name it and say what to call it on. */
export interface DecoratedMethod {
  name: string;
  /** What `this` is in a worker; undefined while its class is not decorated. */
  receiver: (() => unknown) | undefined;
  options: Partial<DaemonCommandOptions>;
  define(): CommandDefinition;
}
export const decorated = new WeakMap<object, DecoratedMethod>();

/** Wraps a function: routed or not, it takes and returns the same, prints the same, and throws the same. */
export function daemonCommand<Args extends unknown[], Result>(
  options: DaemonCommandOptions,
  run: (...args: Args) => Result,
): DaemonFunction<Args, Result>;
/** Decorates an async method. A static one is called on its class; for others decorate the class with `daemonGroup`. */
export function daemonCommand(options?: Partial<DaemonCommandOptions>): MethodDecorator;
export function daemonCommand(
  options: Partial<DaemonCommandOptions> = {},
  run?: (...args: unknown[]) => unknown,
): DaemonFunction<unknown[], unknown> | MethodDecorator {
  return run === undefined ? (decorateWith(options) as MethodDecorator) : wrap(options as DaemonCommandOptions, run);
}

function wrap(options: DaemonCommandOptions, run: (...args: unknown[]) => unknown): DaemonFunction<unknown[], unknown> {
  const call = (...args: unknown[]) => callOrExit(options.name, options, args, () => run(...args));
  Object.defineProperty(call, "name", { value: run.name === "" ? options.name : run.name });
  carry(
    call,
    define(options.name, options, () => run),
  );
  return call;
}

function decorateWith(options: Partial<DaemonCommandOptions>) {
  return (method: Method<unknown, unknown[], unknown>, context: ClassMethodDecoratorContext) => {
    const entry: DecoratedMethod = {
      name: options.name ?? String(context.name),
      receiver: undefined,
      options,
      define: () =>
        define(entry.name, entry.options, () => {
          const receiver = entry.receiver?.();
          return (...args) => method.apply(receiver, args);
        }),
    };
    function call(this: unknown, ...args: unknown[]) {
      return callOrExit(entry.name, entry.options, args, () => method.apply(this, args));
    }
    decorated.set(call, entry);
    if (context.static) {
      context.addInitializer(function (this: unknown) {
        // A decorated class has seen to it already.
        if (entry.receiver !== undefined) return;
        entry.receiver = () => this;
        const Class = this as Carrier;
        carry(Class, [...(Object.hasOwn(Class, carried) ? Class[carried] : []), entry.define()]);
      });
    }
    return call;
  };
}

type Carrier = object & { [carried]: CommandDefinition[] };

async function callOrExit(
  name: string,
  { module, autoRoute, fallbackToLocal, timeoutMs }: Partial<DaemonCommandOptions>,
  args: unknown[],
  local: () => unknown,
): Promise<unknown> {
  const routed = module === undefined ? {} : { module };
  const value = await callRouted({ command: name, args, routed }, { autoRoute, fallbackToLocal, timeoutMs }, local);
  if (value instanceof RemoteExit) process.exit(value.exitCode);
  return value;
}

function define(
  name: string,
  { summary, timeoutMs, module, warm }: Partial<DaemonCommandOptions>,
  bind: () => (...args: unknown[]) => unknown,
): CommandDefinition {
  return routedDefinition({
    name,
    summary,
    timeoutMs,
    module,
    warm,
    async run(input: RoutedInput) {
      becomeCaller(process.env);
      return answer(input, await bind()(...argumentsOf(input)));
    },
  });
}
