/** One connection to a local instance, made when it is needed and again when it was lost. */
import type { Transport } from "../transport.ts";
import type { ControlConnection } from "./control-connection.ts";
import type { InstanceChoice } from "./discovery.ts";
import { connectLocal } from "./index.ts";

export function createLocalTransport(choice: InstanceChoice): Transport & { close(): void } {
  let connecting: Promise<ControlConnection> | undefined;
  let current: ControlConnection | undefined;
  let inFlight = 0;

  const connect = async () => {
    if (current?.closed === true) connecting = undefined;
    connecting ??= connectLocal(choice).then(({ connection }) => (current = connection));
    try {
      return await connecting;
    } catch (error) {
      connecting = undefined;
      throw error;
    }
  };
  // A client that waits for nothing must not keep its process alive.
  const begin = async () => {
    const connection = await connect();
    inFlight += 1;
    connection.ref();
    return connection;
  };
  const end = (connection: ControlConnection) => {
    inFlight -= 1;
    if (inFlight === 0) connection.unref();
  };

  return {
    async call(operation, input, options) {
      const connection = await begin();
      try {
        return await connection.call(operation, input, options);
      } finally {
        end(connection);
      }
    },
    async *stream(operation, input, options) {
      const connection = await begin();
      try {
        yield* connection.stream(operation, input, options);
      } finally {
        end(connection);
      }
    },
    close() {
      current?.close();
      current = undefined;
      connecting = undefined;
    },
  };
}
