/** Instance operations → service. */
import type { instanceOperations } from "@gantry/contract";

import type { Handlers } from "../core/handlers.ts";
import type { InstanceService } from "./service.ts";

export function createInstanceHandlers(instances: InstanceService): Handlers<typeof instanceOperations> {
  return {
    info: () => instances.info(),
    health: (_input, { caller }) => instances.health(caller.permissions.has("instances.read")),
    status: () => instances.status(),
    version: () => instances.version(),
    metrics: () => instances.metrics(),
    config: () => instances.config(),
    reload: ({ dryRun }) => instances.reload(dryRun),
    list: () => instances.list(),
    diagnostics: ({ port }) => instances.diagnostics(port),
    start: ({ instance }) => instances.start(instance),
    stop: (input) => instances.stop(input),
  };
}
