/** Part of the composition root: joins the room `providers` with the kinds of providers that the daemon runs itself. */
import { join } from "node:path";

import type { Configuration, EventEnvelope } from "@gantry/contract";

import type { Grants } from "./access/grants.ts";
import type { BoundOperation } from "./core/handlers.ts";
import type { Logger } from "./core/logger.ts";
import type { McpPort } from "./gateways/mcp/port.ts";
import type { ManagedSettings } from "./providers/managed/managed-providers.ts";
import { createCliKind } from "./providers/managed/cli/cli-kind.ts";
import { createOpenAiKind } from "./providers/managed/openai/openai-kind.ts";
import { createProcessKind } from "./providers/managed/process-kind.ts";
import { createProgramRecords } from "./providers/managed/program-records.ts";
import type { ProvidersService } from "./providers/service.ts";
import type { Connections } from "./transport/connections.ts";
import { runOperation } from "./transport/run-operation.ts";

interface ManagedOptions {
  config: Configuration;
  baseDirectory: string;
  /** Of the instance's worthless-after-a-reboot files. */
  runDirectory: string;
  grants: Grants;
  /** Where the daemon listens; known when the first provider is started. */
  url: () => string;
  logger: Logger;
}

/** Resolves when nothing is left of the programs of an earlier daemon. */
export async function composeManagedProviders(options: ManagedOptions): Promise<ManagedSettings> {
  const { config, baseDirectory, grants, url, logger } = options;
  const directory = join(options.runDirectory, "providers");
  const records = createProgramRecords(directory, logger);
  await records.endLeftovers();
  return {
    configured: config.provider,
    baseDirectory,
    env: process.env,
    kinds: {
      openai: createOpenAiKind(),
      cli: createCliKind(records),
      // Loaded with the first of them: who has none does not pay for the protocol.
      mcp: async (context) => (await import("./providers/managed/mcp/mcp-kind.ts")).startMcp(context, records),
      process: createProcessKind({ records, directory, url, grant: (name) => grants.grant("provider", [name]) }),
    },
  };
}

interface McpPortOptions {
  providers: ProvidersService;
  byName: ReadonlyMap<string, BoundOperation>;
  bus: { subscribe(listener: (envelope: EventEnvelope) => void): () => void };
  connections: Connections;
  commands(): readonly string[];
}

const changes = new Set(["provider.joined", "provider.updated", "provider.left"]);

/** The gateway's view of the daemon. */
export function createMcpPort({ providers, byName, bus, connections, commands }: McpPortOptions): McpPort {
  return {
    calls: providers.calls,
    list: () => providers.list(),
    get: (name) => providers.get(name),
    operate: (name, input, context) => runOperation(byName.get(name) as BoundOperation, input, context),
    commands,
    onOffersChanged: (listener) =>
      bus.subscribe(({ type, data }) => {
        if (changes.has(type)) listener((data as { name: string }).name);
        if (type === "instance.reloaded") listener(undefined);
      }),
    track: (keyId, close) => connections.track(keyId, close),
  };
}
