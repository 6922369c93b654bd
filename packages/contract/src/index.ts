/** The contract: everything that daemon, client, CLI, and page must agree on. No node:, no DOM. */
export * from "./access.ts";
export * from "./configuration.ts";
export * from "./control-protocol.ts";
export * from "./commands.ts";
export * from "./errors.ts";
export * from "./event.ts";
export * from "./executions.ts";
export * from "./frames.ts";
export * from "./instances.ts";
export * from "./operation.ts";
export * from "./paths.ts";
export * from "./permissions.ts";
export * from "./primitives.ts";
export * from "./process-identity.ts";
export * from "./provider-protocol.ts";
export * from "./providers.ts";
export * from "./rooms.ts";
