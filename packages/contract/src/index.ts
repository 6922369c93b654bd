/** The contract: everything that daemon, client, CLI, and page must agree on. No node:, no DOM. */
export * from "./errors.ts";
export * from "./event.ts";
export * from "./frames.ts";
export * from "./operation.ts";
export * from "./permissions.ts";
export * from "./primitives.ts";
