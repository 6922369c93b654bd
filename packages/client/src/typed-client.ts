/** Gives a transport the shape of the contract: `client.room.operation(input)`. Built from names alone, so no schema is loaded for it. */
import type { AnyOperation, Contract, EventSchemaOf, OperationEvent, OperationInput, OperationOutput } from "@gantry/contract";

import type { CallOptions, Transport } from "./transport.ts";

type InputOf<O extends AnyOperation> =
  Record<string, never> extends OperationInput<O>
    ? [input?: OperationInput<O>, options?: CallOptions]
    : [input: OperationInput<O>, options?: CallOptions];

type ClientMethod<O extends AnyOperation> = ((...args: InputOf<O>) => Promise<OperationOutput<O>>) &
  ([EventSchemaOf<O>] extends [never] ? unknown : { stream(...args: InputOf<O>): AsyncIterable<OperationEvent<O>> });

export type TypedClient = {
  readonly [Room in keyof Contract]: {
    readonly [Name in keyof Contract[Room]]: Contract[Room][Name] extends AnyOperation ? ClientMethod<Contract[Room][Name]> : never;
  };
};

export function createTypedClient(transport: Transport): TypedClient {
  const room = (roomName: string) =>
    cached((name) => {
      const operation = `${roomName}.${name}`;
      const call = (input: unknown = {}, options?: CallOptions) => transport.call(operation, input, options);
      return Object.assign(call, { stream: (input: unknown = {}, options?: CallOptions) => transport.stream(operation, input, options) });
    });
  return cached(room) as TypedClient;
}

/** An object that makes each property when it is first asked for. */
function cached(make: (name: string) => unknown): object {
  const made = new Map<string, unknown>();
  return new Proxy(
    {},
    {
      get(_target, name) {
        // A client that is returned from an async function must not look like a promise.
        if (typeof name !== "string" || name === "then") return undefined;
        let value = made.get(name);
        if (value === undefined) made.set(name, (value = make(name)));
        return value;
      },
    },
  );
}
