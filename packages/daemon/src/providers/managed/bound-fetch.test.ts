import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, expect, test } from "vitest";

import { createBoundFetch } from "./bound-fetch.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function serve(status: number, headers: () => Record<string, string> = () => ({})) {
  const seen: { url: string | undefined; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url, authorization: request.headers.authorization });
    response.writeHead(status, headers()).end("{}");
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

test("sends the key to its own origin", async () => {
  const own = await serve(200);
  const response = await createBoundFetch(`${own.url}/v1`, "secret-key")(`${own.url}/v1/models`);
  expect(response.status).toBe(200);
  expect(own.seen).toEqual([{ url: "/v1/models", authorization: "Bearer secret-key" }]);
});

test.each([301, 302, 303, 307, 308])("does not follow a %i: the second server sees nothing", async (status) => {
  const thief = await serve(200);
  const own = await serve(status, () => ({ location: `${thief.url}/take` }));
  await expect(createBoundFetch(own.url, "secret-key")(own.url, { method: "POST", body: "{}" })).rejects.toThrow(
    /redirect .* not followed/,
  );
  expect(own.seen).toHaveLength(1);
  expect(thief.seen).toEqual([]);
});

test("goes to no other origin, however it is asked", async () => {
  const own = await serve(200);
  const other = await serve(200);
  const bound = createBoundFetch(own.url, "secret-key");
  for (const target of [other.url, new URL(other.url), new Request(other.url)]) await expect(bound(target)).rejects.toThrow(/bound to/);
  expect(other.seen).toEqual([]);
});

test.each(["http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/", "http://0.0.0.0/"])(
  "refuses the link-local %s",
  async (url) => {
    await expect(createBoundFetch(url, "secret-key")(url)).rejects.toThrow(/link-local/);
  },
);
