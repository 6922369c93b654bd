/** `/v1/models` and `/v1/models/{id}`. */
import { GantryError, type ModelInfo } from "@gantry/contract";

import type { ModelPort } from "./port.ts";

export interface Model {
  id: string;
  object: "model";
  created: number;
  owned_by: string;
  [more: string]: unknown;
}

export function listModels({ models }: ModelPort): { object: "list"; data: Model[] } {
  return { object: "list", data: models().map(describe) };
}

export function getModel({ models }: ModelPort, id: string): Model {
  const all = models();
  const found = all.find((model) => model.id === id);
  if (found) return describe(found);
  const known = all.map((model) => model.id).slice(0, 12);
  throw new GantryError(
    "notFound",
    `There is no model ${id}. ${known.length === 0 ? "There is none yet." : `Known: ${known.join(", ")}.`}`,
  );
}

function describe({ id, providers, description, contextTokens }: ModelInfo): Model {
  return {
    id,
    object: "model",
    // Nobody tells when a model was made; clients expect a number.
    created: 0,
    owned_by: providers[0] ?? "gantry",
    providers,
    ...(description === undefined ? {} : { description }),
    ...(contextTokens === undefined ? {} : { context_window: contextTokens }),
  };
}
