/** Access operations → services. */
import type { accessOperations } from "@gantry/contract";

import type { Handlers } from "../core/handlers.ts";
import type { LoginLinks } from "./login-links.ts";
import { codeLifetimeMs, type Logins } from "./logins.ts";
import type { AccessService } from "./service.ts";

export interface AccessHandlersOptions {
  access: AccessService;
  logins: Logins;
  links: LoginLinks;
  /** The instance's own address. */
  url(): string;
}

export function createAccessHandlers({ access, logins, links, url }: AccessHandlersOptions): Handlers<typeof accessOperations> {
  return {
    whoAmI: (_input, { caller }) => ({ keyId: caller.keyId, role: caller.role, permissions: [...caller.permissions] }),
    createKey: (input, { caller }) => access.create(input, caller),
    listKeys: () => ({ items: access.list() }),
    revokeKey: ({ id }) => access.revoke(id),
    async createLogin({ role }, { caller }) {
      const { code, expiresAt } = logins.mint(role, caller);
      const link = `${url()}/ui/#code=${code}`;
      return { url: link, file: await links.write(code, link, codeLifetimeMs), expiresAt };
    },
    listLogins: () => ({ items: logins.list() }),
    revokeLogin: ({ id }) => logins.revoke(id),
  };
}
