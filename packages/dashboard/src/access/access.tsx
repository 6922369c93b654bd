/** Who is signed in: the client made with the credential, and what its role permits. */
import { createClient, type Credential, type TypedClient } from "@gantry/client";
import type { OperationOutput, Permission } from "@gantry/contract";
import type { accessOperations } from "@gantry/contract";
import { createContext, useContext } from "react";

type WhoAmI = OperationOutput<typeof accessOperations.whoAmI>;

export interface Access {
  credential: Credential;
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

/** Asks the daemon who this is; rejects when the credential is not accepted. */
export async function signIn(credential: Credential): Promise<Pick<Access, "credential" | "client" | "who" | "can">> {
  const client = createClient({ url: location.origin, ...credential });
  const who = await client.access.whoAmI();
  const permissions = new Set<Permission>(who.permissions);
  return { credential, client, who, can: (permission) => permissions.has(permission) };
}
