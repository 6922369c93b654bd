/** Adds the key that a client cannot be given, and passes everything else on as it came: for suites that know nothing of keys. */
import { createServer, request as send } from "node:http";
import type { AddressInfo } from "node:net";

export interface KeyedProxy extends AsyncDisposable {
  readonly url: string;
}

export async function startKeyedProxy(target: string, key: string): Promise<KeyedProxy> {
  const { host, hostname, port } = new URL(target);
  const server = createServer((request, response) => {
    const own = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const inWords = (value: string | undefined) => value?.replace(own, host).replace(own.replace("127.0.0.1", "localhost"), host);
    const { origin } = request.headers;
    // A foreign Host or Origin stays foreign: whether it is refused is for the daemon to show.
    const headers = {
      ...request.headers,
      host: inWords(request.headers.host),
      ...(origin === undefined ? {} : { origin: inWords(origin) }),
      authorization: `Bearer ${key}`,
    };
    const outgoing = send({ hostname, port, path: request.url, method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode as number, answer.headers);
      answer.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    response.on("close", () => outgoing.destroy());
    request.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
