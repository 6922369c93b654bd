/** Who is signed in: the client made with the key, and what its role permits. */
import { createClient, type TypedClient } from "@gantry/client";
import type { OperationOutput, Permission } from "@gantry/contract";
import type { accessOperations } from "@gantry/contract";
import { createContext, useContext } from "react";

type WhoAmI = OperationOutput<typeof accessOperations.whoAmI>;

export interface Access {
  key: string;
  client: TypedClient;
  who: WhoAmI;
  can(permission: Permission): boolean;
  /** Back to the sign-in page, with a reason when it was not the user's wish. */
  signOut(reason?: string): void;
}

const AccessContext = createContext<Access | undefined>(undefined);

export const AccessProvider = AccessContext.Provider;

export function useAccess(): Access {
  const access = useContext(AccessContext);
  if (access === undefined) throw new Error("useAccess outside of a signed-in page");
  return access;
}

export function useClient(): TypedClient {
  return useAccess().client;
}

/** Asks the daemon who this key is; rejects when it is not accepted. */
export async function signIn(key: string): Promise<Pick<Access, "key" | "client" | "who" | "can">> {
  const client = createClient({ url: location.origin, key });
  const who = await client.access.whoAmI();
  const permissions = new Set<Permission>(who.permissions);
  return { key, client, who, can: (permission) => permissions.has(permission) };
}
