/**
 * What the database has of a request. Secret values of its input stand there concealed; the true input and the environment are kept
 * sealed, only for a restart, and only until the execution has ended.
 */
import type { Sealing } from "../core/sealing.ts";
import type { RunnableCommand } from "./runnable-command.ts";
import type { AttemptOutcome } from "./state.ts";
import type { ExecutionRow } from "./store.ts";

export interface Given {
  input: Record<string, unknown>;
  env: Record<string, string>;
}

export type RestingParts = Pick<ExecutionRow, "input" | "sealedInput" | "inputDigest" | "env">;

export interface AtRest {
  put(given: Given, concealed: ReturnType<RunnableCommand["conceal"]>): RestingParts;
  /** Undefined when its secrets are not to be had: it has ended, or the sealing key is another one. */
  take(row: RestingParts): Given | undefined;
  /** Whether the row was made of this input. */
  isInput(row: RestingParts, input: Record<string, unknown>): boolean;
}

export function createAtRest(sealing: Sealing): AtRest {
  return {
    put({ input, env }, concealed) {
      const text = JSON.stringify(input);
      const secret = concealed !== undefined && JSON.stringify(concealed.shown) !== text;
      return {
        input: secret ? JSON.stringify(concealed.shown) : text,
        sealedInput: secret ? sealing.seal(text) : null,
        inputDigest: secret ? sealing.digest(text) : null,
        env: Object.keys(env).length === 0 ? null : sealing.seal(JSON.stringify(env)),
      };
    },
    take({ input, sealedInput, inputDigest, env }) {
      const inputText = inputDigest === null ? input : sealedInput === null ? undefined : sealing.open(sealedInput);
      const envText = env === null ? "{}" : sealing.open(env);
      if (inputText === undefined || envText === undefined) return undefined;
      return { input: JSON.parse(inputText) as Given["input"], env: JSON.parse(envText) as Given["env"] };
    },
    isInput({ input, inputDigest }, given) {
      const text = JSON.stringify(given);
      return inputDigest === null ? input === text : inputDigest === sealing.digest(text);
    },
  };
}

/** What a command threw may quote what it was given. */
export function withoutSecrets(outcome: AttemptOutcome, secrets: readonly string[]): AttemptOutcome {
  if (outcome.error === undefined || secrets.length === 0) return outcome;
  return { ...outcome, error: conceal(outcome.error, secrets) };
}

function conceal<Value>(value: Value, secrets: readonly string[]): Value {
  if (typeof value === "string") return secrets.reduce<string>((text, secret) => text.replaceAll(secret, "[secret]"), value) as Value;
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, conceal(inner as unknown, secrets)]);
  return (Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries)) as Value;
}
