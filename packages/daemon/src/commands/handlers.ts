/** Contract operations of the room `commands`. */
import { type commandOperations, defaultQueue } from "@gantry/contract";

import type { Handlers } from "../core/handlers.ts";
import type { CommandsService } from "./service.ts";
import { usageText } from "./usage.ts";

export function createCommandHandlers(
  service: CommandsService,
  settings: { readonly timeoutMs: number },
): Handlers<typeof commandOperations> {
  return {
    async list({ limit, cursor }) {
      const all = await service.list();
      const rest = cursor === undefined ? all : all.filter(({ name }) => name > cursor);
      const items = rest.slice(0, limit).map(({ name, kind, summary, source }) => ({ name, kind, summary, source }));
      const more = rest.length > items.length ? { nextCursor: items.at(-1)?.name } : {};
      return { items, ...more, problems: [...service.problems] };
    },
    async get({ name }) {
      const definition = await service.find(name);
      const { kind, summary, source, inputSchema, target } = definition;
      return {
        name,
        kind,
        summary,
        source,
        inputSchema,
        positionals: [...definition.positionals],
        usage: usageText(definition),
        timeoutMs: definition.timeoutMs ?? settings.timeoutMs,
        policy: { ...definition.policy, queue: definition.policy.queue ?? defaultQueue },
        cache: definition.cache ?? null,
        ...(target.kind === "program" ? { argvTemplate: [...target.argvTemplate] } : {}),
      };
    },
  };
}
