/** Who gets in: every operation on every transport, with every role, and each of the ways around the gate. */
import { once } from "node:events";

import { createClient } from "@gantry/client";
import { type AnyOperation, contract, type Problem, Role, rolePermissions } from "@gantry/contract";
import { io, type Socket } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";

import { collect, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { rawRequest } from "../support/raw-http.ts";
import { until } from "../support/until.ts";

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startTestDaemon();
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

const operations: AnyOperation[] = Object.values(contract).flatMap((room) => Object.values(room) as AnyOperation[]);
const pathOf = ({ path }: AnyOperation) => path.replaceAll(/:[A-Za-z]+/g, "x");
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const json = { "content-type": "application/json" };

function send(operation: AnyOperation, headers: Record<string, string>, body = "{}"): Promise<Response> {
  const carriesBody = operation.method !== "GET" && operation.method !== "DELETE";
  const query = carriesBody ? "" : "?nonsense=1";
  return fetch(`${daemon.url}${pathOf(operation)}${query}`, {
    method: operation.method,
    headers: { ...headers, ...(carriesBody ? json : {}) },
    redirect: "manual",
    ...(carriesBody ? { body } : {}),
  });
}

async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get("content-type")).toMatch(/^application\/problem\+json(?:;|$)/);
  return (await response.json()) as Problem;
}

function connectTo(namespace: string, auth: Record<string, unknown>, headers: Record<string, string> = {}): Socket {
  return io(daemon.url + namespace, { auth, transports: ["websocket"], reconnection: false, forceNew: true, extraHeaders: headers });
}

/** Resolves to "connected" or to the reason why not. */
async function outcomeOf(socket: Socket): Promise<string> {
  const outcome = await new Promise<string>((resolve) => {
    socket.once("connect", () => resolve("connected"));
    socket.once("connect_error", (error: Error & { data?: Problem }) => resolve(error.data?.code ?? error.message));
  });
  socket.disconnect();
  return outcome;
}

describe("without a key", () => {
  test("a browser that opens the address is sent to the page, and a script is refused", async () => {
    const open = (accept: string) => fetch(`${daemon.url}/`, { headers: { accept }, redirect: "manual" });
    const sent = await open("text/html,application/xhtml+xml");
    expect([sent.status, sent.headers.get("location")]).toEqual([302, "/ui/"]);
    expect((await open("*/*")).status).toBe(401);
  });

  test("health answers, and tells nothing but that it is there", async () => {
    const response = await fetch(`${daemon.url}/health`);
    expect(response.status).toBe(200);
    expect(Object.keys((await response.json()) as object).toSorted()).toEqual(["service", "status", "version"]);
  });

  const guarded = operations.filter(({ permission }) => permission !== "public");
  test.each(guarded.map((operation) => [operation.name, operation] as const))("%s answers 401 over HTTP", async (_name, operation) => {
    const response = await send(operation, {});
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    expect((await problemOf(response)).code).toBe("unauthenticated");
  });

  test.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])(
    "%s on any other path is no way in",
    async (method) => {
      for (const path of ["/", "/nothing", "/openapi.json", "/docs", "/health/x", "/%2e%2e/status", "//status"]) {
        const { status } = await rawRequest(daemon.port, [
          `${method} ${path} HTTP/1.1`,
          `Host: 127.0.0.1:${daemon.port}`,
          "Connection: close",
        ]);
        expect(status === 401 || status === 404 || status === 405, `${method} ${path} answered ${status}`).toBe(true);
      }
    },
  );

  test("WebSockets answer 401", async () => {
    for (const path of ["/ws/sessions/x", "/ws/nothing", "/status"]) {
      expect((await upgrade(path, [`Host: 127.0.0.1:${daemon.port}`])).status).toBe(401);
    }
  });

  test.each(["/providers", "/cluster"])("Socket.IO %s refuses", async (namespace) => {
    expect(await outcomeOf(connectTo(namespace, {}))).toBe("unauthenticated");
    expect(await outcomeOf(connectTo(namespace, { key: "gantry_wrong" }))).toBe("unauthenticated");
    expect(await outcomeOf(connectTo(namespace, { key: { toString: "x" } }))).toBe("unauthenticated");
  });
});

function upgrade(path: string, headers: string[], version = "13") {
  const handshake = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    `Sec-WebSocket-Version: ${version}`,
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ];
  return rawRequest(daemon.port, [`GET ${path} HTTP/1.1`, ...headers, ...handshake]);
}

const socketIoPath = "/socket.io/?EIO=4&transport=websocket";

describe("with a good key but a wrong Host or Origin", () => {
  const authorized = () => [`Authorization: Bearer ${daemon.key}`];
  const good = () => `Host: 127.0.0.1:${daemon.port}`;
  const wrongHosts: [string, () => string[]][] = [
    ["evil", () => [`Host: evil:${daemon.port}`]],
    ["localhost with a dot", () => [`Host: localhost.:${daemon.port}`]],
    ["no port", () => ["Host: 127.0.0.1"]],
    ["another port", () => [`Host: 127.0.0.1:${daemon.port + 1}`]],
    ["two", () => [good(), good()]],
    ["two, one of them evil", () => [good(), "Host: evil"]],
    ["none", () => []],
    ["empty", () => ["Host:"]],
    ["in the forwarded header only", () => [`Host: evil`, `X-Forwarded-Host: 127.0.0.1:${daemon.port}`]],
  ];
  test.each(wrongHosts)("Host %s: 403 on HTTP, WebSocket, and Socket.IO", async (_name, host) => {
    expect((await rawRequest(daemon.port, ["GET /status HTTP/1.1", ...host(), ...authorized(), "Connection: close"])).status).toBe(403);
    expect((await upgrade("/ws/sessions/x", [...host(), ...authorized()])).status).toBe(403);
    expect((await upgrade(socketIoPath, host())).status).toBe(403);
  });

  test("an absolute target is refused, whatever it names", async () => {
    for (const target of [`http://127.0.0.1:${daemon.port}/status`, "http://evil/status", "*"]) {
      const { status } = await rawRequest(daemon.port, [`GET ${target} HTTP/1.1`, good(), ...authorized(), "Connection: close"]);
      expect({ target, status }).toEqual({ target, status: 403 });
    }
  });

  test.each(["http://evil", "null", "http://localhost.evil", "http://127.0.0.1:1", "https://127.0.0.1", "file://", ""])(
    "Origin %j: 403 everywhere",
    async (origin) => {
      const headers = [good(), `Origin: ${origin}`];
      expect((await rawRequest(daemon.port, ["GET /status HTTP/1.1", ...headers, ...authorized(), "Connection: close"])).status).toBe(403);
      expect(
        (
          await rawRequest(daemon.port, [
            "OPTIONS /execute HTTP/1.1",
            ...headers,
            "Access-Control-Request-Method: POST",
            "Connection: close",
          ])
        ).status,
      ).toBe(403);
      expect((await upgrade("/ws/sessions/x", [...headers, ...authorized()])).status).toBe(403);
      expect((await upgrade(socketIoPath, headers)).status).toBe(403);
    },
  );

  test("the page's own origin is accepted, and no answer invites another one", async () => {
    const response = await fetch(`${daemon.url}/status`, { headers: { ...bearer(daemon.key), origin: daemon.url } });
    expect(response.status).toBe(200);
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
  });

  test("headers of proxies change nothing", async () => {
    const forwarded = {
      "x-forwarded-host": "evil",
      "x-forwarded-for": "10.0.0.1",
      "x-forwarded-proto": "https",
      "x-original-url": "/health",
      "x-rewrite-url": "/health",
    };
    expect((await fetch(`${daemon.url}/status`, { headers: forwarded })).status).toBe(401);
    expect((await fetch(`${daemon.url}/status`, { headers: { ...forwarded, ...bearer(daemon.key) } })).status).toBe(200);
  });
});

test.each([
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/json\ta",
  "application/jsonx",
  "application/json; charset=utf-16",
  undefined,
])("a body as %j is refused with 415 and has no effect", async (type) => {
  const body = JSON.stringify({ name: "from a form", role: "admin" });
  const headers = [
    `Host: 127.0.0.1:${daemon.port}`,
    `Authorization: Bearer ${daemon.key}`,
    `Content-Length: ${body.length}`,
    "Connection: close",
  ];
  const answer = await rawRequest(
    daemon.port,
    ["POST /keys HTTP/1.1", ...headers, ...(type === undefined ? [] : [`Content-Type: ${type}`])],
    body,
  );
  expect(answer.status).toBe(415);
  expect((await daemon.client.access.listKeys()).items.map(({ name }) => name)).not.toContain("from a form");
});

describe("roles", () => {
  const keys = new Map<Role, { id: string; key: string }>();
  beforeAll(async () => {
    for (const role of Role.options) keys.set(role, await daemon.client.access.createKey({ name: `matrix ${role}`, role }));
  });
  const keyOf = (role: Role) => (keys.get(role) as { key: string }).key;
  const permits = (role: Role, operation: AnyOperation) =>
    operation.permission === "public" || rolePermissions[role].includes(operation.permission);

  // The input is wrong on purpose: rights are checked first, so 403 and 400 tell them apart without doing anything.
  test.each(Role.options)("%s may do over HTTP exactly what its permissions say", async (role) => {
    for (const operation of operations) {
      const response = await send(operation, bearer(keyOf(role)), '{"nonsense":1}');
      const { code } = await problemOf(response);
      expect({ operation: operation.name, code }).toEqual({
        operation: operation.name,
        code: permits(role, operation) ? "invalidArgument" : "permissionDenied",
      });
    }
  });

  const watchers = Role.options.filter((role) => rolePermissions[role].includes("instances.read"));
  test.each(Role.options)("%s may watch the cluster only with the right to read", async (role) => {
    const outcome = await outcomeOf(connectTo("/cluster", { key: keyOf(role) }));
    expect(outcome).toBe(watchers.includes(role) ? "connected" : "permissionDenied");
  });

  test.each(watchers)("%s may do over Socket.IO exactly what its permissions say, whatever the handshake claims", async (role) => {
    const socket = connectTo("/cluster", { key: keyOf(role), role: "admin", scopes: ["admin"], permissions: ["keys.manage"] });
    await once(socket as never, "connect");
    for (const operation of operations) {
      const answer = (await socket.emitWithAck("call", { op: operation.name, input: { nonsense: 1 } })) as { error: Problem };
      expect({ operation: operation.name, code: answer.error.code }).toEqual({
        operation: operation.name,
        code: permits(role, operation) ? "invalidArgument" : "permissionDenied",
      });
    }
    socket.disconnect();
  });

  test.each(Role.options)("%s may be a provider only with the right to serve", async (role) => {
    const outcome = await outcomeOf(connectTo("/providers", { key: keyOf(role) }));
    expect(outcome).toBe(rolePermissions[role].includes("providers.serve") ? "connected" : "permissionDenied");
  });

  test("a key that may not manage keys cannot make itself a stronger one", async () => {
    const operator = createClient({ url: daemon.url, key: keyOf("operator") });
    await expect(operator.access.createKey({ name: "stronger", role: "admin" })).rejects.toMatchObject({ code: "permissionDenied" });
  });
});

test("a revoked key is refused at once and its connections are closed within a second", async () => {
  const { id, key } = await daemon.client.access.createKey({ name: "short-lived", role: "operator" });
  const { sessionId } = await daemon.client.sessions.open({ argv: ["cat"], cwd: daemon.folder });
  const cluster = connectTo("/cluster", { key });
  await once(cluster as never, "connect");
  const viewer = new WebSocket(`${daemon.url.replace("http", "ws")}/ws/sessions/${sessionId}`, ["gantry.v1", `gantry.key.${key}`]);
  await once(viewer, "open");
  expect(viewer.protocol).toBe("gantry.v1");

  const begin = performance.now();
  await daemon.client.access.revokeKey({ id });
  await until(
    "both connections to be closed",
    () => [cluster.connected, viewer.readyState],
    ([connected, state]) => connected === false && state === WebSocket.CLOSED,
  );
  expect(performance.now() - begin).toBeLessThan(1000);
  expect((await fetch(`${daemon.url}/status`, { headers: bearer(key) })).status).toBe(401);
  await daemon.client.sessions.kill({ id: sessionId });
});

test("keys are shown once: neither the list, the log, nor the database holds one", async () => {
  const { key } = await daemon.client.access.createKey({ name: "canary", role: "viewer" });
  await fetch(`${daemon.url}/status`, { headers: bearer(key) });
  await fetch(`${daemon.url}/status?key=${key}`);
  // The 43 characters may hold underscores and hyphens of their own.
  const secretOf = (whole: string) => whole.slice(-52, -9);
  const secret = secretOf(key);
  expect(secret).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(JSON.stringify(await daemon.client.access.listKeys())).not.toContain(secret);
  const found = await collect(daemon.spawnProgram("grep", ["-rlaF", "-e", secret, daemon.home]));
  expect(found.stdout).toBe("");
  expect((await daemon.log()).includes(secretOf(daemon.key))).toBe(false);
});

// Last, because it uses up this address's failures.
test("a wrong key gets 401, many get 429, and a good key still works", async () => {
  const attempt = async (key: string) => (await fetch(`${daemon.url}/status`, { headers: bearer(key) })).status;
  const almost = `${daemon.key.slice(0, -1)}${daemon.key.endsWith("0") ? "1" : "0"}`;
  expect(await attempt(almost)).toBe(401);
  const statuses: number[] = [];
  for (let count = 0; count < 1000; count += 50)
    statuses.push(...(await Promise.all(Array.from({ length: 50 }, () => attempt(`gantry_x_${count}`)))));
  expect(new Set(statuses)).toEqual(new Set([401, 429]));
  expect(statuses.at(-1)).toBe(429);
  expect(await attempt(daemon.key)).toBe(200);
  expect(await outcomeOf(connectTo("/cluster", { key: daemon.key }))).toBe("connected");
});
