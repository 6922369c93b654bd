/** What the keys of one `[provider.<name>]` table must be to each other. */
import type { ProviderConfiguration, ProviderType } from "@gantry/contract";

type Key = "command" | "url" | "apiKeyEnv" | "apiKeyFile" | "models";

interface TypeRule {
  /** Exactly one of these must be there; empty means none. */
  oneOf: Key[];
  /** These mean nothing for the type. */
  never: Key[];
}

const rules: Record<ProviderType, TypeRule> = {
  process: { oneOf: ["command"], never: ["url", "apiKeyEnv", "apiKeyFile", "models"] },
  socket: { oneOf: [], never: ["command", "url", "apiKeyEnv", "apiKeyFile", "models"] },
  mcp: { oneOf: ["command", "url"], never: ["models"] },
  openai: { oneOf: ["url"], never: ["command"] },
  cli: { oneOf: [], never: ["url", "apiKeyEnv", "apiKeyFile"] },
};

/** Throws an Error that names the key and what is allowed. */
export function checkProviderSettings(settings: ProviderConfiguration): void {
  const { type } = settings;
  const has = (key: Key) => (key === "models" ? settings.models.length > 0 : settings[key] !== undefined);
  const { oneOf, never } = rules[type];
  const extra = never.find(has);
  if (extra !== undefined) throw new Error(`${extra} means nothing for type "${type}": take it away`);
  const given = oneOf.filter(has);
  if (oneOf.length > 0 && given.length !== 1) {
    const needed = oneOf.join(" or ");
    throw new Error(given.length === 0 ? `type "${type}" needs ${needed}` : `type "${type}" takes either ${needed}, but both were given`);
  }
  if (has("apiKeyEnv") && has("apiKeyFile")) throw new Error("either apiKeyEnv or apiKeyFile, but both were given");
  if ((has("apiKeyEnv") || has("apiKeyFile")) && !has("url"))
    throw new Error("a key is for a url, but there is none; a program gets it with envFrom");
  if (settings.url !== undefined && /^[^/]*\/\/[^/]*@/.test(settings.url)) {
    throw new Error("url must not hold a user or password: name a variable with apiKeyEnv instead");
  }
}
