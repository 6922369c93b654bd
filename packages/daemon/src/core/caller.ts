/** Who asks, and on behalf of which request: the second argument of every handler. */
import { GantryError, ownOnly, type Permission, type Role } from "@gantry/contract";

export interface Caller {
  /** A key's id, or `local` for the owner on the control socket. Stored as the owner of what the caller starts. */
  readonly keyId: string;
  readonly role: Role;
  readonly permissions: ReadonlySet<Permission>;
  /** For role `provider`: the names it may register; undefined means any. */
  readonly providerNames?: readonly string[] | undefined;
}

export interface CallContext {
  readonly caller: Caller;
  /** Aborted when the client goes away before the answer, or cancels its request. */
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** True when the answer should be a stream: Accept: text/event-stream, or a streaming call of the client. */
  readonly wantsStream: boolean;
  /** What the caller sends after its input, as it comes: taking the next lets the caller send more. Absent when it sends nothing more. */
  readonly items?: AsyncIterable<unknown[]> | undefined;
}

/** Refuses with permissionDenied unless the caller holds the right. */
export function requirePermission(caller: Caller, permission: Permission, toDo: string): void {
  if (caller.permissions.has(permission)) return;
  throw new GantryError(
    "permissionDenied",
    `Role ${caller.role} may not ${toDo}: it needs the permission ${permission}. Nothing was changed.`,
  );
}

/** True when the caller may see or steer what `owner` started. */
export function mayTouch(caller: Caller, owner: string): boolean {
  return !ownOnly.has(caller.role) || caller.keyId === owner;
}
