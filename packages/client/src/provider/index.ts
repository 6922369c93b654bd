/** The provider SDK: be a provider of Gantry in a few lines. */
export { type AnyMethod, defineMethod, type Method, type MethodContext, type ProviderDefinition } from "./definition.ts";
export { ProviderError, type ProviderErrorOptions } from "./errors.ts";
export { type ConnectionState, type ConnectOptions, createProvider, type Provider, type Status } from "./provider.ts";
export type { Target } from "./target.ts";
