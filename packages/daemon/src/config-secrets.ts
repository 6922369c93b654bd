/** What of a configuration may be shown: environments and the secret fields of commands are where people put tokens. */
import type { Configuration } from "@gantry/contract";

const hidden = "[secret]";
const withEnvironment = new Set(["command", "schedule", "profile", "provider"]);

type Tree = Record<string, unknown>;

/** The value at `path`, whole tables included, with everything hidden that is secret by `config`. */
export function concealAt(config: Configuration, path: readonly string[], value: unknown): unknown {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return Object.fromEntries(Object.entries(value as Tree).map(([name, inner]) => [name, concealAt(config, [...path, name], inner)]));
  return value !== undefined && isSecret(config, path) ? hidden : value;
}

function isSecret(config: Configuration, [table, name, key, field]: readonly string[]): boolean {
  if (table === undefined || name === undefined || key === undefined) return false;
  if (key === "env" && withEnvironment.has(table)) return true;
  if (table !== "schedule" || (key !== "input" && key !== "argv")) return false;
  const program = config.command[config.schedule[name]?.command ?? ""];
  // A module's command says for itself which fields are secret, and modules are not loaded here.
  if (program === undefined) return true;
  const secrets = Object.entries(program.input).flatMap(([input, { secret }]) => (secret === true ? [input] : []));
  return key === "input" ? secrets.includes(field ?? "") : secrets.length > 0;
}
