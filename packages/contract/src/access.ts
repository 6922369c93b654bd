/** Access: API keys and what they permit. */
import { z } from "zod";

import { operation, room } from "./operation.ts";
import { Permission, Role } from "./permissions.ts";
import { DisplayText, KeyId, Name, Timestamp } from "./primitives.ts";

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
});
