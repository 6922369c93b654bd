/** Browsers that sign in with a one-time code: what the code is good for, and that neither half of a login opens anything alone. */
import { once } from "node:events";
import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { type AnyOperation, contract, csrfHeader, type Login } from "@gantry/contract";
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

const json = { "content-type": "application/json" };
const operations: AnyOperation[] = Object.values(contract).flatMap((room) => Object.values(room) as AnyOperation[]);

async function newCode(role = "admin"): Promise<string> {
  const { stdout, exitCode } = await daemon.cli(["dashboard", "--print", "--role", role]);
  expect(exitCode).toBe(0);
  const link = new URL(stdout.trim());
  expect(link.search).toBe("");
  return link.hash.replace("#code=", "");
}

const exchange = (code: string, headers: Record<string, string> = { origin: daemon.url }) =>
  fetch(`${daemon.url}/login`, { method: "POST", headers: { ...json, ...headers }, body: JSON.stringify({ code }) });

interface SignedIn {
  cookie: string;
  csrf: string;
  login: Login;
}

async function signIn(role?: string): Promise<SignedIn> {
  const response = await exchange(await newCode(role));
  expect(response.status).toBe(200);
  const [cookie] = (response.headers.get("set-cookie") as string).split(";");
  return { cookie: cookie as string, ...((await response.json()) as { csrf: string; login: Login }) };
}

const both = ({ cookie, csrf }: SignedIn) => ({ cookie, [csrfHeader]: csrf, origin: daemon.url });
const status = async (headers: Record<string, string>) => (await fetch(`${daemon.url}/status`, { headers })).status;

test("a code is exchanged for a cookie that no script can read, and for a secret that no other page can send", async () => {
  const response = await exchange(await newCode("operator"));
  const cookie = response.headers.get("set-cookie") as string;
  expect(cookie).toMatch(/^gantry-default-[0-9a-f]{8}=lgn_[0-9A-Z]{26}\.[\w-]{43}; Path=\/; Max-Age=604800; HttpOnly; SameSite=Strict$/);
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({ csrf: expect.stringMatching(/^[\w-]{43}$/) as string, login: { role: "operator" } });
  expect(text).not.toContain((/\.([\w-]{43});/.exec(cookie) as RegExpExecArray)[1]);
});

describe("a code", () => {
  test("is good once", async () => {
    const code = await newCode();
    expect((await exchange(code)).status).toBe(200);
    expect((await exchange(code)).status).toBe(401);
  });

  test("is taken from the body of our own page only, and what was refused has not spent it", async () => {
    const code = await newCode();
    expect((await exchange(code, {})).status).toBe(403);
    expect((await exchange(code, { origin: "http://evil" })).status).toBe(403);
    expect((await exchange(code, { origin: daemon.url, "content-type": "text/plain" })).status).toBe(415);
    const inQuery = await fetch(`${daemon.url}/login?code=${code}`, {
      method: "POST",
      headers: { ...json, origin: daemon.url },
      body: "{}",
    });
    expect(inQuery.status).toBe(400);
    expect((await fetch(`${daemon.url}/login?code=${code}`, { headers: { origin: daemon.url } })).status).toBe(401);
    expect((await exchange(`${code}A`)).status).toBe(400);
    expect((await exchange(code)).status).toBe(200);
  });

  test("is made over the control socket only", async () => {
    await expect(daemon.client.access.createLogin({})).rejects.toMatchObject({ code: "permissionDenied" });
    const signed = await signIn();
    const asked = await fetch(`${daemon.url}/logins`, { method: "POST", headers: { ...json, ...both(signed) }, body: "{}" });
    expect(asked.status).toBe(403);
    const socket = connectTo("/cluster", { key: daemon.key });
    await once(socket as never, "connect");
    expect(await socket.emitWithAck("call", { op: "access.createLogin", input: {} })).toMatchObject({
      error: { code: "permissionDenied" },
    });
    socket.disconnect();
  });
});

function connectTo(namespace: string, auth: Record<string, unknown>, extraHeaders: Record<string, string> = {}): Socket {
  return io(daemon.url + namespace, { auth, transports: ["websocket"], reconnection: false, forceNew: true, extraHeaders });
}

async function outcomeOf(socket: Socket): Promise<string> {
  const outcome = await new Promise<string>((resolve) => {
    socket.once("connect", () => resolve("connected"));
    socket.once("connect_error", (error: Error & { data?: { code: string } }) => resolve(error.data?.code ?? error.message));
  });
  socket.disconnect();
  return outcome;
}

function upgrade(headers: string[]) {
  return rawRequest(daemon.port, [
    "GET /ws/sessions/x HTTP/1.1",
    `Host: 127.0.0.1:${daemon.port}`,
    ...headers,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  ]);
}

describe("a login", () => {
  let signed: SignedIn;
  let other: SignedIn;
  beforeAll(async () => {
    signed = await signIn();
    other = await signIn();
  });

  const sendTo = async (operation: AnyOperation, headers: Record<string, string>) => {
    const carriesBody = operation.method !== "GET" && operation.method !== "DELETE";
    const path = `${operation.path.replaceAll(/:[A-Za-z]+/g, "x")}${carriesBody ? "" : "?nonsense=1"}`;
    const body = carriesBody ? { headers: { ...json, ...headers }, body: '{"nonsense":1}' } : { headers };
    return (await fetch(daemon.url + path, { method: operation.method, ...body })).status;
  };

  test("opens every operation with both halves; the cookie alone, which browsers send by themselves, is as good as nothing", async () => {
    const { cookie, csrf } = signed;
    for (const operation of operations) {
      const statuses = {
        name: operation.name,
        cookieAlone: await sendTo(operation, { cookie, origin: daemon.url }),
        fromElsewhere: await sendTo(operation, { cookie, [csrfHeader]: csrf, origin: "http://127.0.0.1:1" }),
        both: await sendTo(operation, { cookie, [csrfHeader]: csrf, origin: daemon.url }),
      };
      const refused = operation.permission === "public" ? 400 : 401;
      expect(statuses).toEqual({ name: operation.name, cookieAlone: refused, fromElsewhere: 403, both: 400 });
    }
  });

  // A few only: each of these counts as a failure of this address.
  test.each(operations.filter((_operation, index) => index % 15 === 0).map((operation) => [operation.name, operation] as const))(
    "opens %s neither without the cookie, nor with the half of another, nor without an origin",
    async (_name, operation) => {
      const { cookie, csrf } = signed;
      const origin = daemon.url;
      expect(await sendTo(operation, { [csrfHeader]: csrf, origin })).toBe(401);
      expect(await sendTo(operation, { cookie, [csrfHeader]: other.csrf, origin })).toBe(401);
      expect(await sendTo(operation, { cookie, [csrfHeader]: csrf })).toBe(401);
    },
  );

  test("needs both halves and our own origin for a WebSocket", async () => {
    const cookie = `Cookie: ${signed.cookie}`;
    const csrf = `Sec-WebSocket-Protocol: gantry.v1, gantry.csrf.${signed.csrf}`;
    const origin = `Origin: http://127.0.0.1:${daemon.port}`;
    expect((await upgrade([cookie, origin])).status).toBe(401);
    expect((await upgrade([csrf, origin])).status).toBe(401);
    expect((await upgrade([cookie, csrf])).status).toBe(401);
    expect((await upgrade([cookie, csrf, "Origin: http://127.0.0.1:1"])).status).toBe(403);
    expect((await upgrade([cookie, csrf, origin])).status).toBe(101);
  });

  test("needs both halves and our own origin for Socket.IO", async () => {
    const { cookie, csrf } = signed;
    const origin = daemon.url;
    expect(await outcomeOf(connectTo("/cluster", {}, { cookie, origin }))).toBe("unauthenticated");
    expect(await outcomeOf(connectTo("/cluster", { csrf }, { origin }))).toBe("unauthenticated");
    expect(await outcomeOf(connectTo("/cluster", { csrf }, { cookie }))).toBe("unauthenticated");
    expect(await outcomeOf(connectTo("/cluster", { csrf: other.csrf }, { cookie, origin }))).toBe("unauthenticated");
    expect(await outcomeOf(connectTo("/cluster", { csrf }, { cookie, origin: "http://127.0.0.1:1" }))).toBe("websocket error");
    expect(await outcomeOf(connectTo("/cluster", { csrf }, { cookie, origin }))).toBe("connected");
    expect(await outcomeOf(connectTo("/providers", { csrf }, { cookie, origin }))).toBe("connected");
  });

  test("is found among cookies of the same name that another server of this host has set", async () => {
    const name = signed.cookie.split("=")[0] as string;
    expect(await status({ ...both(signed), cookie: `theme=dark; ${name}=planted; ${signed.cookie}` })).toBe(200);
  });

  test("has the rights of its role and no more", async () => {
    const viewer = await signIn("viewer");
    expect(await status(both(viewer))).toBe(200);
    const made = await fetch(`${daemon.url}/keys`, {
      method: "POST",
      headers: { ...json, ...both(viewer) },
      body: '{"name":"x","role":"viewer"}',
    });
    expect(made.status).toBe(403);
  });

  test("goes on after a restart of the daemon", async () => {
    const kept = await signIn();
    await daemon.restart();
    // Another port now: the same browser would ask there.
    expect(await status(both(kept))).toBe(200);
  });

  const byThePage = async (ending: SignedIn) => {
    const response = await fetch(`${daemon.url}/logout`, { method: "POST", headers: { ...json, ...both(ending) }, body: "{}" });
    expect([response.status, response.headers.get("set-cookie")]).toEqual([204, expect.stringContaining("Max-Age=0")]);
  };
  const byTheOwner = async ({ login }: SignedIn) => void (await daemon.cli(["keys", "logout", login.id]));
  test.each([
    ["by the page", byThePage],
    ["by the owner", byTheOwner],
  ])("ends at once %s, and its connections with it", async (_who, end) => {
    const ending = await signIn();
    const { sessionId } = await daemon.client.sessions.open({ argv: ["cat"], cwd: daemon.folder });
    const cluster = connectTo("/cluster", { csrf: ending.csrf }, { cookie: ending.cookie, origin: daemon.url });
    await once(cluster as never, "connect");
    const viewer = new WebSocket(
      `${daemon.url.replace("http", "ws")}/ws/sessions/${sessionId}`,
      ["gantry.v1", `gantry.csrf.${ending.csrf}`],
      {
        headers: { cookie: ending.cookie, origin: daemon.url },
      },
    );
    await once(viewer, "open");
    const listed = (await daemon.cli(["keys", "logins", "--json"])).stdout;
    expect(listed).toContain(ending.login.id);
    await end(ending);
    await until("both connections to be closed", () => !cluster.connected && viewer.readyState === WebSocket.CLOSED);
    expect(await status(both(ending))).toBe(401);
    expect((await daemon.cli(["keys", "logins", "--json"])).stdout).not.toContain(ending.login.id);
    await daemon.client.sessions.kill({ id: sessionId });
  });
});

test("nothing of a sign-in is in a log, the database, or a file; the link's file is the owner's alone and goes with the code", async () => {
  const bin = join(daemon.folder, "bin");
  const opened = join(daemon.folder, "opened");
  const folder = dirname(daemon.paths.controlSocket);
  await writeLauncher(bin, `printf '%s\\n' "$#" "$@" > '${opened}'`);
  const { stdout, stderr, exitCode } = await daemon.cli(["dashboard"], {
    env: { DISPLAY: ":99", PATH: `${bin}:${process.env.PATH ?? ""}` },
  });
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 0 });
  expect(stderr).toBe(`Opened ${daemon.url}/ui/ in your browser, signed in as admin.\n`);
  const [count, file] = (await readFile(opened, "utf8")).split("\n") as [string, string];
  expect({ count, folder: dirname(file) }).toEqual({ count: "1", folder });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const code = (/#code=([\w-]{22})"/.exec(await readFile(file, "utf8")) as RegExpExecArray)[1] as string;

  const response = await exchange(code);
  const secret = (/\.([\w-]{43});/.exec(response.headers.get("set-cookie") as string) as RegExpExecArray)[1] as string;
  const { csrf } = (await response.json()) as { csrf: string };
  await fetch(`${daemon.url}/status?code=${code}`, { headers: { cookie: "x=1" } });
  expect((await readdir(folder)).filter((name) => name.startsWith("open-"))).not.toContain(file.split("/").at(-1));
  for (const canary of [code, secret, csrf]) {
    expect((await collect(daemon.spawnProgram("grep", ["-rlaF", "-e", canary, daemon.home]))).stdout).toBe("");
  }
});

test("without a screen, or with a launcher that fails, the link is printed", async () => {
  const bin = join(daemon.folder, "failing");
  await writeLauncher(bin, "exit 3");
  for (const env of [{}, { DISPLAY: ":99", PATH: `${bin}:${process.env.PATH ?? ""}` }]) {
    const { stdout, stderr, exitCode } = await daemon.cli(["dashboard"], { env });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/ui\/#code=[\w-]{22}\n$/);
    expect(stderr).toMatch(/Open this link in one within a minute; it works once:\n$/);
  }
});

async function writeLauncher(folder: string, script: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "xdg-open"), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, "xdg-open"), 0o755);
}

// Last, because it uses up this address's failures.
test("guessing codes is stopped", async () => {
  const statuses: number[] = [];
  for (let count = 0; count < 100; count += 1) statuses.push((await exchange("A".repeat(22))).status);
  expect(statuses[0]).toBe(401);
  expect(statuses.at(-1)).toBe(429);
  expect((await exchange(await newCode())).status).toBe(200);
});
