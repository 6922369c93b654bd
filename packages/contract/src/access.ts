/** Access: API keys and what they permit. */
import { z } from "zod";

import { operation, room } from "./operation.ts";
import { Permission, Role } from "./permissions.ts";
import { DisplayText, KeyId, LoginId, Name, Timestamp } from "./primitives.ts";

export const Key = z.object({
  id: KeyId,
  name: z.string(),
  role: Role,
  /** For role provider: the provider names it may register; absent means any. */
  providerNames: z.array(Name).optional(),
  createdAt: Timestamp,
  createdBy: z.string(),
  expiresAt: Timestamp.optional(),
  lastUsedAt: Timestamp.optional(),
  revokedAt: Timestamp.optional(),
});
export type Key = z.infer<typeof Key>;

/** A browser that was signed in with a one-time code. Acts with the rights of its role until it expires or is ended. */
export const Login = z.object({
  id: LoginId,
  role: Role,
  /** What the browser called itself. */
  browser: z.string(),
  createdAt: Timestamp,
  expiresAt: Timestamp,
  lastUsedAt: Timestamp.optional(),
});
export type Login = z.infer<typeof Login>;

/**
 * A login is two secrets: a cookie, which scripts cannot read, and this, which no other page can send. Cookies know no ports, so every other
 * server of the machine is sent the cookie; alone it opens nothing. In a header, or for a WebSocket in a subprotocol behind the prefix.
 */
export const csrfHeader = "x-gantry-csrf";
export const csrfProtocolPrefix = "gantry.csrf.";

export const accessOperations = room("access", {
  whoAmI: operation({
    method: "GET",
    path: "/whoami",
    permission: "instances.read",
    summary: "Show the role and the rights of the credential in use",
    input: z.object({}),
    output: z.object({ keyId: z.string(), role: Role, permissions: z.array(Permission) }),
  }),
  createKey: operation({
    method: "POST",
    path: "/keys",
    permission: "keys.manage",
    summary: "Make an API key; the answer is the only time it is shown",
    input: z.object({
      name: DisplayText.min(1).max(64),
      role: Role,
      providerNames: z.array(Name).min(1).max(100).optional(),
      expiresAt: Timestamp.optional(),
    }),
    output: Key.extend({ key: z.string() }),
    errors: ["permissionDenied"],
    successStatus: () => 201,
  }),
  listKeys: operation({
    method: "GET",
    path: "/keys",
    permission: "keys.manage",
    summary: "List API keys, newest first",
    input: z.object({}),
    output: z.object({ items: z.array(Key) }),
  }),
  revokeKey: operation({
    method: "DELETE",
    path: "/keys/:id",
    permission: "keys.manage",
    summary: "Revoke an API key and close what is connected with it",
    input: z.object({ id: KeyId }),
    output: Key,
    errors: ["notFound", "conflict"],
  }),
  createLogin: operation({
    method: "POST",
    path: "/logins",
    permission: "keys.manage",
    summary: "Make a link that signs one browser in, once and within a minute; over the control socket only",
    input: z.object({ role: Role.exclude(["provider"]).default("admin") }),
    output: z.object({
      /** The page's address with the code in its fragment, which browsers send to nobody. */
      url: z.string(),
      /** A file of the owner's that leads there, because the arguments of a browser are seen by everybody. Gone once the code is. */
      file: z.string(),
      expiresAt: Timestamp,
    }),
    successStatus: () => 201,
  }),
  listLogins: operation({
    method: "GET",
    path: "/logins",
    permission: "keys.manage",
    summary: "List the browsers that are signed in, newest first",
    input: z.object({}),
    output: z.object({ items: z.array(Login) }),
  }),
  revokeLogin: operation({
    method: "DELETE",
    path: "/logins/:id",
    permission: "keys.manage",
    summary: "Sign a browser out and close what is connected with it",
    input: z.object({ id: LoginId }),
    output: Login,
    errors: ["notFound"],
  }),
});
