/** Where a browser exchanges its one-time code for a login, and where it gives the login back. No operations: their whole point is the cookie. */
import { GantryError, type Login } from "@gantry/contract";
import type { FastifyInstance } from "fastify";

import type { FailureLimit } from "./credentials.ts";
import { dataHeaders } from "./security-headers.ts";

export interface LoginDoor {
  cookie: string;
  lifetimeMs: number;
  redeem(code: string, browser: string): Promise<{ login: Login; secret: string; csrf: string } | undefined>;
  /** Ends the login of this id; does nothing when there is none. */
  end(id: string): Promise<void>;
}

export function registerLogin(app: FastifyInstance, { cookie, lifetimeMs, redeem, end }: LoginDoor, failures: FailureLimit): void {
  const setCookie = (value: string, maxAgeMs: number) =>
    `${cookie}=${value}; Path=/; Max-Age=${Math.floor(maxAgeMs / 1000)}; HttpOnly; SameSite=Strict`;

  app.post("/login", { config: { public: true } }, async (request, reply) => {
    if (request.headers.origin === undefined) throw new GantryError("forbiddenOrigin", "Only the page signs in here. Programs use a key.");
    const { code } = (request.body ?? {}) as { code?: unknown };
    if (typeof code !== "string" || !/^[\w-]{22}$/.test(code)) {
      throw new GantryError("invalidArgument", "code: the 22 characters behind #code= of the link are needed. Nobody was signed in.");
    }
    const redeemed = await redeem(code, request.headers["user-agent"] ?? "");
    if (redeemed === undefined) {
      if (failures.failed(request.ip)) throw new GantryError("resourceExhausted", "Too many wrong codes from this address: wait a minute.");
      throw new GantryError(
        "unauthenticated",
        "This link has been used, or is older than a minute. Make another one with: gantry dashboard",
      );
    }
    return reply
      .headers(dataHeaders)
      .header("set-cookie", setCookie(redeemed.secret, lifetimeMs))
      .send({ csrf: redeemed.csrf, login: redeemed.login });
  });

  app.post("/logout", async (request, reply) => {
    await end(request.caller?.keyId ?? "");
    return reply.headers(dataHeaders).header("set-cookie", setCookie("", 0)).code(204).send();
  });
}
