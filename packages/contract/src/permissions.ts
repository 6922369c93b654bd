/** Permissions and the roles that grant them. Rights come only from the server's record of a key, never from what a client declares. */
import { z } from "zod";

export const Permission = z.enum([
  "instances.read",
  "instances.control",
  "config.read",
  "config.write",
  "executions.read",
  "executions.run",
  "executions.runFree",
  "executions.control",
  "queues.control",
  "sessions.read",
  "sessions.open",
  "sessions.openFree",
  "sessions.control",
  "providers.read",
  "providers.call",
  "providers.serve",
  "providers.manage",
  "keys.manage",
]);
export type Permission = z.infer<typeof Permission>;

export const Role = z.enum(["viewer", "relay", "runner", "operator", "admin", "provider"]);
export type Role = z.infer<typeof Role>;

const viewer: Permission[] = ["instances.read", "executions.read", "sessions.read", "providers.read"];
const operator: Permission[] = [
  ...viewer,
  "config.read",
  "executions.run",
  "executions.runFree",
  "executions.control",
  "queues.control",
  "sessions.open",
  "sessions.openFree",
  "sessions.control",
  "providers.call",
];

/** A runner holds the control rights but only over what it started; see `ownOnly`. */
export const rolePermissions: Record<Role, readonly Permission[]> = {
  viewer,
  relay: ["instances.read", "providers.read", "providers.call"],
  runner: [...viewer, "executions.run", "executions.control", "sessions.open", "sessions.control"],
  operator,
  admin: Permission.options,
  provider: ["providers.serve"],
};

/** Roles that see and steer only the executions and sessions that their own key started. */
export const ownOnly: ReadonlySet<Role> = new Set(["runner"]);
