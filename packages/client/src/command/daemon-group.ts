/** Wraps several functions under one name, or a class whose methods are decorated. */
import { carried, carry, type CommandDefinition } from "../routing/definition.ts";
import { daemonCommand, type DaemonCommandOptions, decorated, type DaemonFunction } from "./daemon-command.ts";

export type DaemonGroupOptions = Omit<DaemonCommandOptions, "name" | "summary">;

// oxlint-disable-next-line no-explicit-any -- functions of any shape; variance forbids unknown here
type Functions = Record<string, (...args: any[]) => unknown>;

export type DaemonGroup<F extends Functions> = { readonly [Name in keyof F]: DaemonFunction<Parameters<F[Name]>, ReturnType<F[Name]>> };

type ClassDecorator = <Class extends abstract new (...args: never[]) => unknown>(
  value: Class,
  context: ClassDecoratorContext<Class>,
) => void;

/** `images.resize` is the command of `daemonGroup("images", { resize })`. Export the group from a command module. */
export function daemonGroup<const F extends Functions>(name: string, functions: F, options?: DaemonGroupOptions): DaemonGroup<F>;
/**
 * Decorates a class: its methods that `daemonCommand` decorates become `name.method`. In a worker they are called on a new instance, made
 * without arguments, so they must not depend on what the caller's instance was given.
 */
export function daemonGroup(name: string, options?: Omit<DaemonGroupOptions, "warm">): ClassDecorator;
export function daemonGroup(
  name: string,
  functionsOrOptions: Functions | DaemonGroupOptions = {},
  options?: DaemonGroupOptions,
): DaemonGroup<Functions> | ClassDecorator {
  const isGroup = options !== undefined || Object.values(functionsOrOptions).some((value) => typeof value === "function");
  if (isGroup) return wrapAll(name, functionsOrOptions as Functions, options);
  return decorateClass(name, functionsOrOptions) as ClassDecorator;
}

function wrapAll(group: string, functions: Functions, options: DaemonGroupOptions = {}): DaemonGroup<Functions> {
  const wrapped = Object.fromEntries(
    Object.entries(functions).map(([name, run]) => [name, daemonCommand({ ...options, name: `${group}.${name}` }, run)]),
  );
  carry(
    wrapped,
    Object.values(wrapped).map((one) => (one as unknown as { [carried]: CommandDefinition })[carried]),
  );
  return wrapped;
}

function decorateClass(group: string, options: DaemonGroupOptions) {
  return (Class: new () => object): void => {
    const definitions: CommandDefinition[] = [];
    for (const holder of [Class, Class.prototype as object]) {
      for (const { value } of Object.values(Object.getOwnPropertyDescriptors(holder)) as { value?: unknown }[]) {
        const entry = typeof value === "function" ? decorated.get(value) : undefined;
        if (entry === undefined) continue;
        entry.name = `${group}.${entry.name}`;
        entry.options = { ...options, ...entry.options };
        entry.receiver = holder === Class ? () => Class : () => new Class();
        definitions.push(entry.define());
      }
    }
    carry(Class, definitions);
  };
}
