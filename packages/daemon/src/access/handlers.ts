/** Access operations → service. */
import type { accessOperations } from "@gantry/contract";

import type { Handlers } from "../core/handlers.ts";
import type { AccessService } from "./service.ts";

export function createAccessHandlers(access: AccessService): Handlers<typeof accessOperations> {
  return {
    whoAmI: (_input, { caller }) => ({ keyId: caller.keyId, role: caller.role, permissions: [...caller.permissions] }),
    createKey: (input, { caller }) => access.create(input, caller),
    listKeys: () => ({ items: access.list() }),
    revokeKey: ({ id }) => access.revoke(id),
  };
}
